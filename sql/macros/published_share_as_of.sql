-- published_share_as_of(moment)
-- facts.published_share as it was known at a moment (UTC); a bare date means the end of that day.

create macro main.published_share_as_of(moment) as table
    with known as (
        select *
        from facts.published_share
        where known_from <= end_of_day(moment)
        union all by name
        select * exclude (known_until, is_still_printed)
        from facts.published_share_superseded
        where known_from <= end_of_day(moment) and known_until > end_of_day(moment)
    )
    select *
    from known
    qualify row_number() over (
        partition by
            series_id,
            reporter_iso3,
            partner_iso3,
            basis,
            period_start,
            period_months,
            edition
        order by known_from desc, release_id desc
    ) = 1
