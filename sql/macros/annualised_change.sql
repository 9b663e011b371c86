-- annualised_change(change, months)
-- Change a year (ratio) that a change over some months would be if it went on: (1 + change) ^ (12 / months) - 1.
-- Federal Reserve Bank of Dallas, Annualizing Data; U.S. Bureau of Economic Analysis, FAQ 463. For seasonally adjusted data.

create macro main.annualised_change(change, months) as
power(1 + change, 12.0 / months) - 1
