-- marts.import_change_monthly
-- How much did a country import, and how did that change on the month, on the year, since January and over twelve months?
-- One non-overlapping tiling a series: single months where all are there and none is computed from a percentage, else the
-- combined span; of spans that overlap the one that ends first, then the first to end of those that begin after it. No
-- change is computed across a gap, a series break, or from a level that was derived from a printed change.
--
-- grain:  series_id, commodity, basis, period_start, period_months
-- columns: series_id, source
-- column: reporter_iso3 | | Importing country.
-- columns: reporter, commodity, stage, scope
-- column: basis | | weight or value.
-- columns: period_start, period_months, amount, amount_low, amount_high, amount_method, unit, change_on_month, change_on_year,
--   year_to_date, year_to_date_basis, year_to_date_printed, year_to_date_sum, year_to_date_change_on_year, trailing_12_months,
--   trailing_12_months_change_on_year, three_month_change, flags
-- evidence: marts.trade_change_monthly | evidence.series_id = mart.series_id and evidence.commodity = mart.commodity
--   and evidence.basis = mart.basis and evidence.period_start = mart.period_start and evidence.period_months = mart.period_months
--   and evidence.flow = 'import'

select
    series_id,
    source,
    reporter_iso3,
    reporter,
    commodity,
    stage,
    scope,
    basis,
    period_start,
    period_months,
    amount,
    amount_low,
    amount_high,
    amount_method,
    unit,
    change_on_month,
    change_on_year,
    year_to_date,
    year_to_date_basis,
    year_to_date_printed,
    year_to_date_sum,
    year_to_date_change_on_year,
    trailing_12_months,
    trailing_12_months_change_on_year,
    three_month_change,
    flags
from marts.trade_change_monthly
where flow = 'import'
