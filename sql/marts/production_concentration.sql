-- marts.production_concentration
-- In how few countries is a mineral mined, refined or smelted? A table of world production is used whole, from the newest
-- edition that prints a world row, never assembled from two editions, and not at all where rows are known to be missing
-- or the rows do not add up to the printed world total within its rounding.
--
-- grain:  series_id, period_start
-- columns: series_id, source, commodity, stage
-- column: period_start | | First day of the year.
-- columns: period_months
-- column: edition | | Edition whose table this is.
-- column: unit | | Unit and content basis as printed.
-- column: world_total | see unit | World total as printed, rounded.
-- column: listed_total | see unit | Sum of the rows, other countries included; the denominator of every share.
-- column: producer_count | countries | Countries with production above zero.
-- column: producer_count_qualifier | | exact, or at_least where other countries stand together or any is withheld or not available.
-- column: top_producer_iso3 | | Largest producer; null where two are the largest, or other countries together could hide a larger one.
-- column: top_producer | | Its English short name (vocabulary.country).
-- column: top_producer_share | 0 to 1 | Its share; null where there is no single one.
-- column: cr1 | 0 to 1 | Share of the largest producer, whoever it is; null where other countries together could hide a larger one.
-- column: cr3 | 0 to 1 | Share of the three largest together; null where other countries together could be among them.
-- column: hhi | 0 to 1 | Herfindahl-Hirschman index of the total as printed, without withheld_iso3; null below 99.5 % attributed.
-- column: hhi_low | 0 to 1 | Least it can be: other countries are many. Of the total as printed, as all shares are.
-- column: hhi_high | 0 to 1 | Most it can be: other countries are one; 1 where what some produced is not available.
-- column: effective_producers | countries | 1 / hhi.
-- column: normalised_hhi | 0 to 1 | (hhi - 1/n) / (1 - 1/n) with n producers; 1 where there is one.
-- column: attributed_share | 0 to 1 | Part of listed_total that named countries produce; null where what some produced is not available.
-- column: withheld_iso3 | | Countries the edition withholds and leaves out of the world total; null where none.
-- column: unavailable_iso3 | | Countries, or OTHER, whose production is not available and in no total; null where none.
-- column: concentration_class | | Class of the index, or of both bounds; null where they differ or some production is not available.
-- columns: threshold_version
-- column: flags | | Why a largest producer is null: top_tied or top_uncertain.
-- evidence: facts.production | evidence.series_id = mart.series_id and evidence.period_start = mart.period_start
--   and evidence.edition = mart.edition
-- evidence: facts.production_superseded | evidence.series_id = mart.series_id and evidence.period_start = mart.period_start
--   and evidence.edition = mart.edition and evidence.is_still_printed

with printed as (
    select
        series_id,
        source,
        commodity,
        stage,
        country_iso3,
        period_start,
        period_months,
        cast(quantity as double) as quantity,
        unit,
        qualifier,
        edition,
        incomplete_because,
        known_from
    from facts.production
    union all
    select
        series_id,
        source,
        commodity,
        stage,
        country_iso3,
        period_start,
        period_months,
        cast(quantity as double) as quantity,
        unit,
        qualifier,
        edition,
        incomplete_because,
        known_from
    from facts.production_superseded
    where is_still_printed
),
edition_table as (
    select
        series_id,
        source,
        commodity,
        stage,
        period_start,
        period_months,
        edition,
        unit,
        max(known_from) as known_from,
        max(case when country_iso3 = 'WLD' then quantity end) as world_total,
        sum(case when country_iso3 <> 'WLD' then quantity end) as listed_total,
        max(incomplete_because) as incomplete_because,
        string_agg(case when country_iso3 <> 'WLD' and qualifier = 'withheld' then country_iso3 end, ' ' order by country_iso3)
            as withheld_iso3,
        string_agg(case when country_iso3 <> 'WLD' and qualifier = 'not_available' then country_iso3 end, ' ' order by country_iso3)
            as unavailable_iso3
    from printed
    group by series_id, source, commodity, stage, period_start, period_months, edition, unit
),
newest as (
    select *
    from edition_table
    where world_total is not null
    qualify row_number() over (partition by series_id, period_start order by known_from desc, edition desc) = 1
),
whole as (
    select *
    from newest
    where
        incomplete_because is null
        and abs(listed_total - world_total) <= greatest(0.5 * power(10, floor(log10(world_total)) - 1), 0.01 * listed_total)
),
producer as (
    select
        whole.series_id,
        whole.period_start,
        printed.country_iso3,
        printed.quantity / whole.listed_total as share,
        row_number() over (
            partition by whole.series_id, whole.period_start
            order by printed.quantity desc, printed.country_iso3 asc
        ) as share_rank
    from whole
    inner join printed
        on
            whole.series_id = printed.series_id
            and whole.period_start = printed.period_start
            and whole.edition = printed.edition
    inner join vocabulary.country as country
        on printed.country_iso3 = country.iso3 and country.kind = 'country'
    where printed.quantity > 0
),
indexed as (
    select
        series_id,
        period_start,
        count(*) as producer_count,
        max(case when share_rank = 1 then country_iso3 end) as top_producer_iso3,
        max(share) as cr1,
        max(case when share_rank = 2 then share end) = max(share) as is_tied,
        max(share) >= 1 - sum(share) - 1e-9 as top_is_known,
        count(*) < 3 and sum(share) >= 0.995 or min(case when share_rank = 3 then share end) >= 1 - sum(share) - 1e-9 as three_are_known,
        round(sum(case when share_rank <= 3 then share end), 12) as cr3,
        round(sum(share), 12) as attributed_share,
        round(sum(share * share), 12) as named_squares,
        round(least(sum(share * share) + power(greatest(1 - sum(share), 0), 2), 1), 12) as hhi_high
    from producer
    group by series_id, period_start
),
class as (
    select
        threshold_version,
        threshold_class,
        coalesce(lower, 0) as lower,
        coalesce(upper, 2) as upper
    from vocabulary.threshold
    where threshold_version = 'us_doj_ftc_2023' and measure = 'hhi'
)
select
    whole.series_id,
    whole.source,
    whole.commodity,
    whole.stage,
    whole.period_start,
    whole.period_months,
    whole.edition,
    whole.unit,
    whole.world_total,
    whole.listed_total,
    indexed.producer_count,
    case
        when coalesce(whole.withheld_iso3, whole.unavailable_iso3) is null and indexed.attributed_share >= 1 - 1e-9 then 'exact'
        else 'at_least'
    end as producer_count_qualifier,
    case when indexed.top_is_known and not coalesce(indexed.is_tied, false) then indexed.top_producer_iso3 end as top_producer_iso3,
    case when indexed.top_is_known and not coalesce(indexed.is_tied, false) then top_country.name end as top_producer,
    case when indexed.top_is_known and not coalesce(indexed.is_tied, false) then indexed.cr1 end as top_producer_share,
    case when indexed.top_is_known then indexed.cr1 end as cr1,
    case when indexed.three_are_known then indexed.cr3 end as cr3,
    case when indexed.attributed_share >= 0.995 and whole.unavailable_iso3 is null then indexed.named_squares end as hhi,
    indexed.named_squares as hhi_low,
    case when whole.unavailable_iso3 is null then indexed.hhi_high else 1 end as hhi_high,
    case
        when indexed.attributed_share >= 0.995 and whole.unavailable_iso3 is null then 1 / indexed.named_squares
    end as effective_producers,
    case
        when indexed.attributed_share < 0.995 or whole.unavailable_iso3 is not null then null
        when indexed.producer_count = 1 then 1
        else (indexed.named_squares - 1.0 / indexed.producer_count) / (1 - 1.0 / indexed.producer_count)
    end as normalised_hhi,
    case when whole.unavailable_iso3 is null then indexed.attributed_share end as attributed_share,
    whole.withheld_iso3,
    whole.unavailable_iso3,
    case
        when whole.unavailable_iso3 is null and low_class.threshold_class = high_class.threshold_class then low_class.threshold_class
    end as concentration_class,
    low_class.threshold_version,
    case
        when not indexed.top_is_known then 'top_uncertain'
        when indexed.is_tied then 'top_tied'
    end as flags
from whole
inner join indexed
    on whole.series_id = indexed.series_id and whole.period_start = indexed.period_start
left join vocabulary.country as top_country
    on indexed.top_producer_iso3 = top_country.iso3
left join class as low_class
    on indexed.named_squares >= low_class.lower and indexed.named_squares < low_class.upper
left join class as high_class
    on indexed.hhi_high >= high_class.lower and indexed.hhi_high < high_class.upper
