-- hs_edition_in_force(day)
-- Edition of the Harmonized System in force on a day: they begin with the years 2007, 2012, 2017 and 2022 (World Customs
-- Organization). The United States switched on 27 January 2022; the whole of that month counts as HS2022 here.

create macro main.hs_edition_in_force(day) as
case
    when day < date '2012-01-01' then 'HS2007'
    when day < date '2017-01-01' then 'HS2012'
    when day < date '2022-01-01' then 'HS2017'
    else 'HS2022'
end
