-- checks.no_overlap_in_tiling
-- Periods of one series that overlap, so that a sum would count a month twice.
--
-- grain:  series_id, commodity, basis, period_start, period_months

select
    tile.source,
    tile.series_id,
    tile.commodity,
    tile.basis,
    tile.period_start,
    tile.period_months,
    other.period_start as other_start,
    other.period_months as other_months
from marts.trade_change_monthly as tile
inner join marts.trade_change_monthly as other
    on
        tile.series_id = other.series_id
        and tile.commodity = other.commodity
        and tile.basis = other.basis
        and (tile.period_start < other.period_start or tile.period_months < other.period_months)
        and tile.period_start < other.period_start + to_months(other.period_months)
        and tile.period_start + to_months(tile.period_months) > other.period_start
