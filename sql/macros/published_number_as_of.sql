-- published_number_as_of(moment)
-- facts.published_number as it was known at a moment (UTC); a bare date means the end of that day.

create macro main.published_number_as_of(moment) as table
    with known as (
        select *
        from facts.published_number
        where known_from <= end_of_day(moment)
        union all by name
        select * exclude (known_until, is_still_printed)
        from facts.published_number_superseded
        where known_from <= end_of_day(moment) and known_until > end_of_day(moment)
    )
    select *
    from known
    qualify row_number() over (
        partition by
            measure,
            reporter_text,
            partner_iso3,
            commodity_text,
            series_id,
            period_text,
            publication
        order by known_from desc, release_id desc
    ) = 1
