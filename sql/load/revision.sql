-- facts.revision
-- What became of a figure that an office had published before: the value it had, the value it has since. A figure is the same
-- whether it is a fact or a control total: a code that no longer covers its heading has a past all the same. Groups are left out.
-- A publication is compared with its own earlier snapshots only: where two publications differ, facts.conflict says so.
--
-- grain:  series_id, partner_iso3, partner_code, code, procedure, period_start, period_months, period_kind, counted, measure,
--   quantity_unit, slice, revision_no
-- Snapshots of a slice are counted as they found another content. A figure appeared where an earlier snapshot of its slice held the
-- period without it and its code was asked for by then: the first print of a month or of a code newly asked is no news of it.

with place as (
    select
        *,
        row_number() over (partition by slice order by known_from) as snapshot_no
    from curated.release_window
),
version as (
    select
        *,
        'total' as counted,
        null as known_until,
        null as is_still_printed
    from facts.trade_total
    union all by name
    select
        *,
        'total' as counted
    from facts.trade_total_superseded
    union all by name
    select
        *,
        'partner' as counted,
        null as known_until,
        null as is_still_printed
    from facts.trade_flow
    union all by name
    select
        *,
        'partner' as counted
    from facts.trade_flow_superseded
    union all by name
    select
        *,
        'control' as counted,
        null as known_until,
        null as is_still_printed
    from facts.control_total
    where partner_role <> 'group'
    union all by name
    select
        *,
        'control' as counted
    from facts.control_total_superseded
    where partner_role <> 'group'
),
period_held as (
    select
        place.slice,
        printed.period_start,
        printed.period_months,
        printed.period_kind,
        min(place.snapshot_no) as snapshot_no
    from (select distinct release_id, period_start, period_months, period_kind from version) as printed
    inner join place
        on printed.release_id = place.release_id
    group by place.slice, printed.period_start, printed.period_months, printed.period_kind
),
-- Most figures stand as they were first printed: the few others are told by a cheap sign before anything is put in order.
named as (
    select
        *,
        hash(series_id, partner_iso3, partner_code, partner_role, code, "procedure", period_start, period_months, period_kind) as figure
    from version
),
touched as (
    select distinct figure
    from named
    where
        is_still_printed is not null
        or release_id in (select place.release_id from place where place.snapshot_no > 1)
        or value_release_id in (select place.release_id from place where place.snapshot_no > 1)
),
measured as (
    select
        named.* replace (
            case measure.name when 'quantity' then named.quantity_unit end as quantity_unit,
            coalesce(case measure.name when 'value_usd' then named.value_publication end, named.publication) as publication,
            coalesce(case measure.name when 'value_usd' then named.value_release_id end, named.release_id) as release_id,
            coalesce(case measure.name when 'value_usd' then named.value_source_member end, named.source_member) as source_member,
            coalesce(case measure.name when 'value_usd' then named.value_source_row end, named.source_row) as source_row
        ),
        measure.name as measure,
        case measure.name
            when 'value_usd' then cast(named.value_usd as decimal(18, 3))
            when 'weight_kg' then named.weight_kg
            else named.quantity
        end as value
    from named
    cross join (values ('value_usd'), ('weight_kg'), ('quantity')) as measure (name)
    where named.figure in (select touched.figure from touched)
),
placed as (
    select
        measured.*,
        place.slice,
        place.snapshot_no,
        place.known_from as place_known_from,
        next_place.release_id as gone_release_id,
        next_place.known_from_basis as gone_basis,
        next_place.snapshot_no as gone_snapshot_no,
        coalesce(period_held.snapshot_no < place.snapshot_no, false) as period_was_held
    from measured
    inner join place
        on
            measured.release_id = place.release_id
            and place.known_from <= measured.known_from
            and coalesce(place.known_until > measured.known_from, true)
    left join place as next_place
        on place.slice = next_place.slice and measured.known_until = next_place.known_from and not measured.is_still_printed
    left join period_held
        on
            place.slice = period_held.slice
            and measured.period_start = period_held.period_start
            and measured.period_months = period_held.period_months
            and measured.period_kind = period_held.period_kind
    where measured.value is not null
),
neighboured as (
    select
        *,
        lag(value) over history as lag_value,
        lag(known_from) over history as lag_known_from,
        coalesce(lag(known_until) over history < known_from and lag(gone_release_id) over history is not null, false) as is_back,
        lead(known_from) over history as lead_known_from,
        first_value(value) over history as first_figure,
        first_value(snapshot_no) over history as first_snapshot_no
    from placed
    window history as (
        partition by
            measure,
            series_id,
            partner_iso3,
            partner_code,
            partner_role,
            code,
            "procedure",
            period_start,
            period_months,
            period_kind,
            quantity_unit,
            slice
        order by known_from, release_id
    )
),
told as (
    select
        *,
        'revised' as kind,
        lag_value as before_value,
        value as after_value,
        lag_known_from as known_before,
        null as vanished_release_id
    from neighboured
    where value <> lag_value and not is_back
    union all by name
    select
        *,
        'appeared' as kind,
        null as before_value,
        value as after_value,
        null as known_before,
        null as vanished_release_id
    from neighboured
    where
        (lag_value is null or is_back)
        and period_was_held
        and (
            slice not in (select asked.slice from curated.first_asked as asked)
            or exists (
                select 1
                from curated.first_asked as asked
                where
                    asked.slice = neighboured.slice
                    and starts_with(neighboured.code, asked.code)
                    and asked.asked_at < neighboured.place_known_from
            )
        )
    union all by name
    select
        * replace (
            known_until as known_from,
            gone_basis as known_from_basis,
            gone_snapshot_no as snapshot_no
        ),
        'vanished' as kind,
        value as before_value,
        null as after_value,
        known_from as known_before,
        gone_release_id as vanished_release_id
    from neighboured
    where
        gone_release_id is not null
        and (
            lead_known_from > known_until
            or (
                lead_known_from is null
                -- Another publication may go on printing it.
                and not exists (
                    select 1
                    from placed as standing
                    where
                        standing.figure = neighboured.figure
                        and standing.measure = neighboured.measure
                        and standing.is_still_printed is null
                        and standing.slice <> neighboured.slice
                )
            )
        )
)
select
    series_id,
    source,
    dataset,
    flow,
    reporter_iso3,
    partner_iso3,
    partner_code,
    partner_role,
    code,
    "procedure",
    period_start,
    period_months,
    period_kind,
    counted,
    measure,
    quantity_unit,
    slice,
    row_number() over history::integer as revision_no,
    kind,
    (snapshot_no - first_snapshot_no + 1)::integer as snapshot_no,
    first_figure as first_value,
    before_value,
    after_value,
    known_before,
    vanished_release_id,
    publication,
    note,
    release_id,
    source_member,
    source_row,
    known_from,
    known_from_basis
from told
window history as (
    partition by
        measure,
        series_id,
        partner_iso3,
        partner_code,
        partner_role,
        code,
        "procedure",
        period_start,
        period_months,
        period_kind,
        quantity_unit,
        slice
    order by known_from
)
