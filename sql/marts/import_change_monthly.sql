-- marts.import_change_monthly
-- How much did a country import, and how did that change on the month, on the year, since January and over twelve months?
-- One non-overlapping tiling a series: single months where all are there and none is computed from a percentage, else the
-- combined span; of spans that overlap the one that ends first, then the first to end of those that begin after it. No
-- change is computed across a gap, a series break, or from a level that was derived from a printed change.
--
-- grain:  series_id, commodity, basis, period_start, period_months
-- column: series_id | | Series (vocabulary.series); nothing here ever mixes two.
-- column: source | | Source folder the figures came through.
-- column: reporter_iso3 | | Importing country.
-- column: reporter | | Its English short name (vocabulary.country).
-- column: commodity | | Commodity (vocabulary.commodity).
-- column: stage | | Stage of processing.
-- column: scope | | exact (all of the commodity at that stage and nothing else), part (nothing else, not all) or broad (more).
-- column: basis | | weight or value.
-- column: period_start | | First day of the period.
-- column: period_months | months | Length of the period: 1, or that of a combined span.
-- column: amount | see unit | Imports of the period; null where known to be missing, or printed as about or more than.
-- column: amount_low | see unit | Least it can be; the amount itself where that is a point.
-- column: amount_high | see unit | Most it can be; null where the page gives no upper end.
-- column: amount_method | | filed (printed or filed as it is), else how it was computed: difference, percentage, product or unstated.
-- column: unit | | t for weight, USD for value.
-- column: change_on_month | ratio | Amount over the month before, less one; only between single months that adjoin.
-- column: change_on_year | ratio | Amount over the same span a year before, less one.
-- column: year_to_date | see unit | Imports from January to the end of the period.
-- column: year_to_date_basis | | printed (not computed), sum (of the tiling), or mixed: what year_to_date and its change stand on.
-- column: year_to_date_printed | see unit | That total as the office printed it; null where it printed none.
-- column: year_to_date_sum | see unit | What the tiles since January add up to; null where they do not cover them.
-- column: year_to_date_change_on_year | ratio | year_to_date over that of the year before, less one.
-- column: trailing_12_months | see unit | Imports of the twelve months to the end of the period.
-- column: trailing_12_months_change_on_year | ratio | trailing_12_months over the twelve months before them, less one.
-- column: three_month_change | ratio | Imports of the last three months over the three before, less one.
-- column: flags | | `measure:reason` for every null among the measures, separated by blanks; reasons in docs/methods.md. No null:
--   `amount:contradicted` by another print, and `year_to_date:printed_differs_from_sum` where the printed total and the sum of its months
--   disagree, as after a revision.
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
