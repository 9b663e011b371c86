-- vocabulary.series
-- The series of the codes that offices filed: one for each office, kind of count and HS6 code, a row for each commodity the code
-- belongs to, and one without a commodity for a code that no commodity has.
--
-- grain:  series_id, commodity, stage

insert into vocabulary.series by name
with filed as (
    select
        source,
        dataset,
        flow,
        reporter_iso3,
        substr(code, 1, 6) as hs6,
        valuation,
        string_agg(distinct publisher, '; ' order by publisher) as publisher
    from curated.trade_line
    where series_key is null
    group by all
),
meaning as (
    select
        hs6,
        commodity,
        stage,
        arg_max(scope, hs_edition) as scope,
        arg_max(note, hs_edition) as note
    from vocabulary.commodity_code
    group by hs6, commodity, stage
)
select
    filed.source || '/' || filed.dataset || '/' || filed.hs6 as series_id,
    filed.source,
    filed.dataset,
    concat_ws(' ', filed.hs6, meaning.commodity, meaning.stage) as source_key,
    coalesce(filed.publisher, office.publisher) as publisher,
    filed.flow,
    filed.reporter_iso3,
    null as partner_iso3,
    meaning.commodity,
    meaning.stage,
    meaning.scope,
    meaning.note as scope_text,
    'HS6' as code_system,
    filed.hs6 as code,
    filed.valuation,
    'gross' as weight_basis,
    null as note
from filed
inner join curated.office as office
    on filed.source = office.source
left join meaning
    on filed.hs6 = meaning.hs6
order by all
