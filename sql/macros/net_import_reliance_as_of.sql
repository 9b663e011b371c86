-- net_import_reliance_as_of(moment)
-- facts.net_import_reliance as it was known at a moment (UTC); a bare date means the end of that day.

create macro main.net_import_reliance_as_of(moment) as table
    with known as (
        select *
        from facts.net_import_reliance
        where known_from <= end_of_day(moment)
        union all by name
        select * exclude (known_until, is_still_printed)
        from facts.net_import_reliance_superseded
        where known_from <= end_of_day(moment) and known_until > end_of_day(moment)
    )
    select *
    from known
    qualify row_number() over (
        partition by
            series_id,
            reporter_iso3,
            period_start
        order by known_from desc, release_id desc
    ) = 1
