-- questions.production_in_few_countries
-- In how few countries is each mineral mined, refined or smelted, in the newest year whose table is whole?
-- An index between hhi_low and hhi_high stands for a table with a row of other countries; withheld_iso3 and
-- unavailable_iso3 name who is left out of the total and so of every share.
--
-- grain:  series_id

select
    series_id,
    commodity,
    stage,
    period_start,
    edition,
    top_producer_iso3,
    round(top_producer_share, 3) as top_producer_share,
    round(cr3, 3) as cr3,
    round(hhi_low, 3) as hhi_low,
    round(hhi_high, 3) as hhi_high,
    concentration_class,
    withheld_iso3,
    unavailable_iso3
from marts.production_concentration
qualify row_number() over (partition by series_id order by period_start desc) = 1
order by top_producer_share desc, series_id asc
