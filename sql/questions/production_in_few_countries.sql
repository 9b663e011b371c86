-- questions.production_in_few_countries
-- In how few countries is each mineral mined, refined or smelted, in the newest year whose table is whole? A stage at a time: shares
-- of mines and of refineries are two measures.
-- An index between hhi_low and hhi_high stands for a table with a row of other countries; withheld_iso3 and
-- unavailable_iso3 name who is left out of the total and so of every share.
--
-- grain:  series_id

with named as (
    select distinct
        series_id,
        publisher,
        scope
    from vocabulary.series
)
select
    concentration.stage,
    concentration.commodity,
    named.scope,
    concentration.top_producer_iso3,
    round(concentration.top_producer_share, 3) as top_producer_share,
    round(concentration.cr3, 3) as cr3,
    round(concentration.hhi_low, 3) as hhi_low,
    round(concentration.hhi_high, 3) as hhi_high,
    concentration.concentration_class,
    concentration.withheld_iso3,
    concentration.unavailable_iso3,
    concentration.unit,
    concentration.period_start,
    concentration.edition,
    named.publisher,
    concentration.series_id
from marts.production_concentration as concentration
inner join named
    on concentration.series_id = named.series_id
qualify
    row_number() over (
        partition by concentration.series_id
        order by concentration.period_start + to_months(concentration.period_months) desc
    ) = 1
order by concentration.stage asc, top_producer_share desc, concentration.series_id asc
