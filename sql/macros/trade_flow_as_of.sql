-- trade_flow_as_of(moment)
-- facts.trade_flow as it was known at a moment (UTC); a bare date means the end of that day.

create macro main.trade_flow_as_of(moment) as table
    with known as (
        select *
        from facts.trade_flow
        where known_from <= end_of_day(moment)
        union all by name
        select * exclude (known_until, is_still_printed)
        from facts.trade_flow_superseded
        where known_from <= end_of_day(moment) and known_until > end_of_day(moment)
    )
    select *
    from known
    qualify row_number() over (
        partition by
            series_id,
            flow,
            reporter_iso3,
            partner_iso3,
            partner_code,
            partner_role,
            code,
            "procedure",
            period_start,
            period_months,
            period_kind
        order by known_from desc, release_id desc
    ) = 1
