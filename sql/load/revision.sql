-- facts.revision
-- Every change of a figure that an office had published before: the value it had, the value it has since. A figure is the same
-- whether it is a fact or a control total: a code that no longer covers its heading has a past all the same. Groups are left out.
--
-- grain:  series_id, partner_iso3, partner_code, code, procedure, period_start, period_months, period_kind, counted, measure, revision_no

with version as (
    select
        *,
        'total' as counted
    from facts.trade_total
    union all by name
    select
        * exclude (known_until, is_still_printed),
        'total' as counted
    from facts.trade_total_superseded
    where not is_still_printed
    union all by name
    select
        *,
        'partner' as counted
    from facts.trade_flow
    union all by name
    select
        * exclude (known_until, is_still_printed),
        'partner' as counted
    from facts.trade_flow_superseded
    where not is_still_printed
    union all by name
    select
        *,
        'control' as counted
    from facts.control_total
    where partner_role <> 'group'
    union all by name
    select
        * exclude (known_until, is_still_printed),
        'control' as counted
    from facts.control_total_superseded
    where not is_still_printed and partner_role <> 'group'
),
measured as (
    select
        *,
        'value_usd' as measure,
        cast(value_usd as decimal(18, 3)) as after_value
    from version
    where value_usd is not null
    union all by name
    select
        *,
        'weight_kg' as measure,
        weight_kg as after_value
    from version
    where weight_kg is not null
),
sequence as (
    select
        *,
        lag(after_value) over revised as before_value,
        lag(known_from) over revised as known_before,
        first_value(after_value) over revised as first_value
    from measured
    window revised as (
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
            period_kind
        order by known_from, release_id
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
    row_number() over (
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
            period_kind
        order by known_from, release_id
    )::integer as revision_no,
    first_value,
    before_value,
    after_value,
    known_before,
    publication,
    note,
    release_id,
    source_member,
    source_row,
    known_from,
    known_from_basis
from sequence
where after_value <> before_value
