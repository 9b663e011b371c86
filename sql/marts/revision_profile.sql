-- marts.revision_profile
-- How far do the first figures of an office move before they rest? Of every figure held, the last value against the first.
-- A revision is last over first, less one; figures whose first value is zero have none. What was never looked at twice has
-- not been revised here, whatever the office did before it was first held.
--
-- grain:  source, dataset, counted, measure
-- column: source | | Source folder.
-- column: dataset | | Publication of the office.
-- column: counted | | total (all partners together), partner, or control (filed lines that are no facts); each by itself.
-- column: measure | | value_usd or weight_kg.
-- column: figures | figures | Figures held, each of one code, partner and period.
-- column: revised | figures | Figures whose last value differs from the first.
-- column: revised_share | 0 to 1 | revised over figures.
-- column: mean_revision | ratio | Mean revision of the revised ones: the bias of first figures.
-- column: mean_absolute_revision | ratio | Mean size of their revisions.
-- column: median_absolute_revision | ratio | Median size of their revisions.
-- column: largest_absolute_revision | ratio | Size of the largest of them.
-- column: from_zero | figures | Figures that were zero at first and are not now; they have no ratio.
-- column: first_period | | First day of the oldest period that was revised.
-- column: last_period | | First day of the newest period that was revised.
-- column: last_revised | | When the last revision became known (UTC).
-- evidence: facts.revision | evidence.source = mart.source and evidence.dataset = mart.dataset
--   and evidence.counted = mart.counted and evidence.measure = mart.measure
-- evidence: facts.trade_total | mart.counted = 'total' and evidence.source = mart.source and evidence.dataset = mart.dataset
--   and case mart.measure when 'weight_kg' then evidence.weight_kg else evidence.value_usd end is not null
-- evidence: facts.trade_flow | mart.counted = 'partner' and evidence.source = mart.source and evidence.dataset = mart.dataset
--   and case mart.measure when 'weight_kg' then evidence.weight_kg else evidence.value_usd end is not null

with held as (
    select
        *,
        'total' as counted
    from facts.trade_total
    union all by name
    select
        *,
        'partner' as counted
    from facts.trade_flow
    union all by name
    select
        *,
        'control' as counted
    from facts.control_total
    where partner_role <> 'group'
),
measured as (
    select
        *,
        'value_usd' as measure
    from held
    where value_usd is not null
    union all by name
    select
        *,
        'weight_kg' as measure
    from held
    where weight_kg is not null
),
figure as (
    select
        source,
        dataset,
        counted,
        measure,
        count(*) as figures
    from measured
    group by source, dataset, counted, measure
),
last_value as (
    select
        revision.source,
        revision.dataset,
        measured.counted,
        revision.measure,
        revision.period_start,
        revision.known_from,
        cast(revision.first_value as double) as first_figure,
        cast(revision.after_value as double) as last_figure
    from facts.revision as revision
    -- What was revised and then taken back is no figure held.
    inner join measured
        on
            revision.measure = measured.measure
            and revision.series_id = measured.series_id
            and revision.partner_iso3 = measured.partner_iso3
            and revision.partner_code is not distinct from measured.partner_code
            and revision.partner_role = measured.partner_role
            and revision.code is not distinct from measured.code
            and revision."procedure" is not distinct from measured."procedure"
            and revision.period_start = measured.period_start
            and revision.period_months = measured.period_months
            and revision.period_kind = measured.period_kind
    qualify
        row_number() over (
            partition by
                revision.measure,
                revision.series_id,
                revision.partner_iso3,
                revision.partner_code,
                revision.partner_role,
                revision.code,
                revision."procedure",
                revision.period_start,
                revision.period_months,
                revision.period_kind
            order by revision.revision_no desc
        ) = 1
),
moved as (
    select
        source,
        dataset,
        counted,
        measure,
        period_start,
        known_from,
        first_figure,
        last_figure / nullif(first_figure, 0) - 1 as revision
    from last_value
    where last_figure <> first_figure
),
profile as (
    select
        source,
        dataset,
        counted,
        measure,
        count(*) as revised,
        round(avg(revision), 9) as mean_revision,
        round(avg(abs(revision)), 9) as mean_absolute_revision,
        median(abs(revision)) as median_absolute_revision,
        max(abs(revision)) as largest_absolute_revision,
        count(*) filter (where first_figure = 0) as from_zero,
        min(period_start) as first_period,
        max(period_start) as last_period,
        max(known_from) as last_revised
    from moved
    group by source, dataset, counted, measure
)
select
    figure.source,
    figure.dataset,
    figure.counted,
    figure.measure,
    figure.figures,
    coalesce(profile.revised, 0) as revised,
    coalesce(profile.revised, 0) / figure.figures as revised_share,
    profile.mean_revision,
    profile.mean_absolute_revision,
    profile.median_absolute_revision,
    profile.largest_absolute_revision,
    coalesce(profile.from_zero, 0) as from_zero,
    profile.first_period,
    profile.last_period,
    profile.last_revised
from figure
left join profile
    on
        figure.source = profile.source
        and figure.dataset = profile.dataset
        and figure.counted = profile.counted
        and figure.measure = profile.measure
where figure.figures > 0
