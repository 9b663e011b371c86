"""US Census Bureau: imports and exports of the United States, monthly, by country and code."""
