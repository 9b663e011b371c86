-- staging.trade_line
-- Every line that an office filed, or that was typed from a page, with our countries, its series and its value in US dollars.
-- `why_not_fact` is null for the lines that are facts: those of the deepest code level that adds up to its heading (0.1 %), in all
-- and for every partner. A coarser level is what the facts must add up to; a finer one that does not reach its heading (a code was
-- split, its parts are not all held) or contradicts it for a partner would misstate it.
--
-- grain:  series_id, partner_code, code, procedure, period_start, period_months, known_from
-- A value in another currency becomes dollars by the mean rate of its month, and says so (value_method `converted`); the row is
-- known only once the rate is. Without a rate there is no value in dollars. A source without codes of its own for partners names
-- them by our codes.

with place_code as (
    select
        source,
        code,
        iso3,
        role,
        valid_from,
        valid_to
    from vocabulary.partner_code
    union all
    select
        office.source,
        country.iso3 as code,
        country.iso3,
        case when country.kind in ('country', 'world', 'group') then country.kind else 'special' end as role,
        null as valid_from,
        null as valid_to
    from curated.office as office
    cross join vocabulary.country as country
    where office.source not in (select partner_code.source from vocabulary.partner_code as partner_code)
),
line as (
    select
        filed.*,
        coalesce(series.series_id, filed.source || '/' || filed.dataset || '/' || substr(filed.code, 1, 6)) as series_id,
        coalesce(length(filed.code), 0) as digits,
        case when partner.role in ('country', 'world', 'group') then partner.iso3 else coalesce(partner.iso3, 'OTHER') end as partner_iso3,
        case when partner.iso3 = filed.reporter_iso3 then 'returned' else partner.role end as partner_role,
        case when partner.role in ('world', 'group') then partner.role else 'partner' end as partner_kind
    from curated.trade_line as filed
    inner join place_code as partner
        on
            filed.source = partner.source
            and filed.partner_code = partner.code
            and filed.period_start + to_months(filed.period_months) > coalesce(partner.valid_from, date '0001-01-01')
            and filed.period_start <= coalesce(partner.valid_to, date '9999-12-31')
    left join vocabulary.series as series
        on filed.source = series.source and filed.dataset = series.dataset and filed.series_key = series.source_key
),
level as (
    select
        release_id,
        series_id,
        period_start,
        period_months,
        digits,
        coalesce(
            sum(value) filter (where partner_kind = 'world'),
            sum(value) filter (where partner_kind = 'partner'),
            0
        ) as value
    from line
    group by release_id, series_id, period_start, period_months, digits
),
heading as (
    select
        release_id,
        series_id,
        period_start,
        period_months,
        arg_min(value, digits) as value
    from level
    group by release_id, series_id, period_start, period_months
),
place as (
    select
        release_id,
        series_id,
        period_start,
        period_months,
        partner_code,
        digits,
        sum(value) as value
    from line
    group by release_id, series_id, period_start, period_months, partner_code, digits
),
contradicted as (
    select distinct
        finer.release_id,
        finer.series_id,
        finer.period_start,
        finer.period_months,
        finer.digits
    from place as finer
    inner join place as coarser
        on
            finer.release_id = coarser.release_id
            and finer.series_id = coarser.series_id
            and finer.period_start = coarser.period_start
            and finer.period_months = coarser.period_months
            and finer.partner_code = coarser.partner_code
            and finer.digits > coarser.digits
    where abs(finer.value - coarser.value) > 0.001 * coarser.value + 1
),
covering as (
    select
        level.release_id,
        level.series_id,
        level.period_start,
        level.period_months,
        max(level.digits) as digits
    from level
    inner join heading
        on
            level.release_id = heading.release_id
            and level.series_id = heading.series_id
            and level.period_start = heading.period_start
            and level.period_months = heading.period_months
    left join contradicted
        on
            level.release_id = contradicted.release_id
            and level.series_id = contradicted.series_id
            and level.period_start = contradicted.period_start
            and level.period_months = contradicted.period_months
            and level.digits = contradicted.digits
    where abs(level.value - heading.value) <= 0.001 * heading.value and contradicted.digits is null
    group by level.release_id, level.series_id, level.period_start, level.period_months
),
kept as (
    select
        release_id,
        series_id,
        period_start,
        period_months,
        line.partner_kind,
        covering.digits as covering_digits,
        max(line.digits) filter (where line.digits <= covering.digits) as digits
    from line
    inner join covering using (release_id, series_id, period_start, period_months)
    group by all
)
select
    line.series_id,
    line.source,
    line.dataset,
    line.flow,
    line.reporter_iso3,
    line.partner_iso3,
    line.partner_code,
    line.partner_role,
    line.code,
    line.code_system,
    case when length(line.code) >= 6 then substr(line.code, 1, 6) end as hs6,
    case when length(line.code) >= 6 then hs_edition_in_force(line.period_start) end as hs_edition,
    line.period_start,
    line.period_months,
    line.period_kind,
    case line.currency when 'USD' then line.value else cast(line.value / rate.per_usd as decimal(18, 2)) end as value_usd,
    line.valuation,
    case line.currency when 'USD' then line.cif_value else cast(line.cif_value / rate.per_usd as decimal(18, 2)) end as cif_value_usd,
    case line.currency when 'USD' then line.fob_value else cast(line.fob_value / rate.per_usd as decimal(18, 2)) end as fob_value_usd,
    case when line.currency <> 'USD' then line.value end as value_local,
    case when line.currency <> 'USD' then line.currency end as currency,
    line.weight_kg,
    line.weight_method,
    case
        when line.value is null then null
        when line.currency = 'USD' then coalesce(line.value_method, 'filed')
        when rate.per_usd is not null then 'converted'
    end as value_method,
    line.quantity,
    line.quantity_unit,
    line.trade_system,
    line."procedure",
    coalesce(line.status, 'reported') as status,
    line.qualifier,
    line.list_status,
    line.page_tier,
    null as statistic_id,
    line.publication,
    line.note,
    line.release_id,
    line.source_member,
    line.source_row,
    greatest(place.known_from, rate.known_from) as known_from,
    place.known_from_basis,
    place.known_until,
    case
        when line.partner_kind = 'group' then 'group'
        when line.digits > kept.covering_digits then 'incomplete_level'
        when line.digits < kept.digits then 'coarser_level'
    end as why_not_fact
from line
inner join curated.release_window as place
    on line.release_id = place.release_id
inner join kept
    on
        line.release_id = kept.release_id
        and line.series_id = kept.series_id
        and line.period_start = kept.period_start
        and line.period_months = kept.period_months
        and line.partner_kind = kept.partner_kind
left join facts.exchange_rate as rate
    on line.currency = rate.currency and line.period_start = rate.period_start and line.period_months = rate.period_months
