-- production_as_of(moment)
-- facts.production as it was known at a moment (UTC); a bare date means the end of that day.

create macro main.production_as_of(moment) as table
    with known as (
        select *
        from facts.production
        where known_from <= end_of_day(moment)
        union all by name
        select * exclude (known_until, is_still_printed)
        from facts.production_superseded
        where known_from <= end_of_day(moment) and known_until > end_of_day(moment)
    )
    select *
    from known
    qualify row_number() over (
        partition by
            series_id,
            country_iso3,
            period_start
        order by known_from desc, release_id desc
    ) = 1
