-- questions.most_concentrated_imports
-- Whose imports come from the fewest suppliers, and how sure is that? The newest list of a year or more of each importer and mineral,
-- none that ends more than three years before the newest there is, and none that counts more than the mineral.
-- Between hhi_low and hhi_high lies what the rounding of printed shares and suppliers who are not named leave open.
--
-- grain:  series_id, commodity, basis

with code as (
    select
        series_id,
        max(case when regexp_full_match(code, '[0-9]{6}') then code end) as code
    from vocabulary.series
    group by series_id
),
list as (
    select
        concentration.*,
        code.code,
        cast(concentration.period_start + to_months(concentration.period_months - 1) as date) as last_month
    from marts.import_concentration as concentration
    inner join code
        on concentration.series_id = code.series_id
    where concentration.period_months >= 12 and concentration.scope <> 'broad'
),
newest as (
    select *
    from list
    where last_month > (select max(every.last_month) from list as every) - interval 36 month
    qualify
        row_number() over (
            partition by importer_iso3, commodity
            order by last_month desc, coalesce(page_tier, 0) asc, hhi_low desc, series_id asc, basis asc
        ) = 1
)
select
    importer,
    code,
    commodity,
    stage,
    scope,
    period_start,
    period_months,
    last_month,
    top_supplier,
    cr1_low,
    cr1_high,
    hhi_low,
    hhi_high,
    concentration_class,
    attributed_share,
    list_status,
    publisher,
    page_tier,
    series_id,
    basis
from newest
order by hhi_low desc, series_id asc
