-- marts.revision_profile
-- How far do the first figures of an office move before they rest? Of every figure held, the last value against the first.
-- A revision is last over first, less one: zero where both are zero, none where only the first is. What was looked at once has
-- not been revised here, whatever the office did before it was first held, and counts with a revision of zero all the same:
-- `looked_at_again` says how many could have been.
--
-- grain:  source, dataset, counted, measure, quantity_unit
-- columns: source, dataset
-- column: counted | | total (all partners together), partner, or control (filed lines that are no facts); each by itself.
-- columns: measure
-- column: quantity_unit | | Unit of the quantities; null for other measures.
-- column: figures | figures | Figures held, each of one code, partner and period.
-- column: looked_at_again | figures | Figures whose slice had another content since they were first held: only those can be revised.
-- column: revised | figures | Figures whose last value differs from the first.
-- column: revised_share | 0 to 1 | revised over figures.
-- column: mean_revision | ratio | Mean revision of all figures, revised or not, each counting as much: the bias of a first figure.
-- column: weighted_revision | ratio | Sum of all last values over the sum of all first ones, less one: the bias of their sum.
-- column: mean_absolute_revision | ratio | Mean size of the revisions of all figures, each counting as much.
-- column: weighted_absolute_revision | ratio | Sum of the sizes of all changes over the sum of all first values.
-- column: mean_revision_of_revised | ratio | Mean revision of the revised ones alone.
-- column: mean_absolute_revision_of_revised | ratio | Mean size of their revisions.
-- column: median_absolute_revision_of_revised | ratio | Median size of their revisions.
-- column: largest_absolute_revision | ratio | Size of the largest of them.
-- column: from_zero | figures | Figures that were zero at first and are not now; they have no ratio and count in no mean.
-- column: median_snapshots_to_settle | snapshots | Of the figures that ever changed, after how many snapshots they had settled: the first
--   from which on every value is within 20 % of the last. Snapshots of the slice that found another content count; the first with the
--   figure is 1.
-- column: largest_snapshots_to_settle | snapshots | The same of the one that took longest.
-- column: appeared | figures | Figures held that an earlier snapshot of their slice did not have, though it held the period.
-- column: vanished | figures | Figures that were held once and are not now. They are none of the figures above.
-- column: first_period | | First day of the oldest period that was revised.
-- column: last_period | | First day of the newest period that was revised.
-- column: last_revised | | When the last revision became known (UTC).
-- evidence: facts.revision | evidence.source = mart.source and evidence.dataset = mart.dataset and evidence.counted = mart.counted
--   and evidence.measure = mart.measure and evidence.quantity_unit is not distinct from mart.quantity_unit
-- evidence: facts.trade_total | mart.counted = 'total' and evidence.source = mart.source and evidence.dataset = mart.dataset
--   and case mart.measure when 'weight_kg' then evidence.weight_kg when 'quantity' then evidence.quantity else evidence.value_usd end
--   is not null and (mart.measure <> 'quantity' or evidence.quantity_unit is not distinct from mart.quantity_unit)
-- evidence: facts.trade_flow | mart.counted = 'partner' and evidence.source = mart.source and evidence.dataset = mart.dataset
--   and case mart.measure when 'weight_kg' then evidence.weight_kg when 'quantity' then evidence.quantity else evidence.value_usd end
--   is not null and (mart.measure <> 'quantity' or evidence.quantity_unit is not distinct from mart.quantity_unit)

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
        held.*,
        measure.name as measure,
        case measure.name
            when 'value_usd' then cast(held.value_usd as decimal(18, 3))
            when 'weight_kg' then held.weight_kg
            else held.quantity
        end as figure,
        case measure.name when 'quantity' then held.quantity_unit end as figure_unit,
        coalesce(case measure.name when 'value_usd' then held.value_release_id end, held.release_id) as printed_in
    from held
    cross join (values ('value_usd'), ('weight_kg'), ('quantity')) as measure (name)
),
release as (
    select distinct
        release_id,
        slice,
        max(known_from) over (partition by slice) as last_snapshot
    from meta.observation
    where state in ('current', 'superseded', 'withdrawn')
),
step as (
    select
        *,
        coalesce(lag(after_value) over history, first_value) as standing_value,
        last_value(after_value) over (history rows between unbounded preceding and unbounded following) as held_value
    from facts.revision
    where kind <> 'vanished'
    window history as (
        partition by
            measure,
            quantity_unit,
            slice,
            series_id,
            partner_iso3,
            partner_code,
            partner_role,
            code,
            "procedure",
            period_start,
            period_months,
            period_kind
        order by revision_no
    )
),
superseded as (
    select *
    from facts.trade_total_superseded
    where not is_still_printed
    union all by name
    select *
    from facts.trade_flow_superseded
    where not is_still_printed
    union all by name
    select *
    from facts.control_total_superseded
    where not is_still_printed
),
earlier as (
    select
        superseded.* exclude (quantity_unit),
        measure.name as measure,
        case measure.name when 'quantity' then superseded.quantity_unit end as quantity_unit,
        release.slice
    from superseded
    cross join (values ('value_usd'), ('weight_kg'), ('quantity')) as measure (name)
    inner join release
        on
            coalesce(case measure.name when 'value_usd' then superseded.value_release_id end, superseded.release_id)
            = release.release_id
    where
        case measure.name
            when 'value_usd' then superseded.value_usd
            when 'weight_kg' then superseded.weight_kg
            else superseded.quantity
        end is not null
),
known as (
    select
        measure,
        quantity_unit,
        slice,
        series_id,
        partner_iso3,
        partner_code,
        partner_role,
        code,
        "procedure",
        period_start,
        period_months,
        period_kind,
        first_value,
        kind = 'appeared' as has_appeared,
        standing_value <> after_value as has_changed,
        snapshot_no,
        abs(standing_value - held_value) > 0.2 * abs(held_value) as was_far,
        known_from as changed_from,
        null as held_from
    from step
    union all
    select
        measure,
        quantity_unit,
        slice,
        series_id,
        partner_iso3,
        partner_code,
        partner_role,
        code,
        "procedure",
        period_start,
        period_months,
        period_kind,
        null as first_value,
        false as has_appeared,
        false as has_changed,
        null as snapshot_no,
        false as was_far,
        null as changed_from,
        known_from as held_from
    from earlier
),
past as (
    select
        measure,
        quantity_unit,
        slice,
        series_id,
        partner_iso3,
        partner_code,
        partner_role,
        code,
        "procedure",
        period_start,
        period_months,
        period_kind,
        any_value(first_value) as first_figure,
        bool_or(has_appeared) as has_appeared,
        min(held_from) as held_from,
        case when bool_or(has_changed) then coalesce(max(snapshot_no) filter (where was_far), 1) end as snapshots_to_settle,
        max(changed_from) as last_revised
    from known
    group by
        measure,
        quantity_unit,
        slice,
        series_id,
        partner_iso3,
        partner_code,
        partner_role,
        code,
        "procedure",
        period_start,
        period_months,
        period_kind
),
figure as (
    select
        measured.source,
        measured.dataset,
        measured.counted,
        measured.measure,
        measured.figure_unit as quantity_unit,
        measured.period_start,
        measured.figure as last_figure,
        coalesce(past.first_figure, measured.figure) as first_figure,
        coalesce(past.has_appeared, false) as has_appeared,
        coalesce(release.last_snapshot > least(measured.known_from, past.held_from), false) as is_looked_at_again,
        past.snapshots_to_settle,
        past.last_revised
    from measured
    left join release
        on measured.printed_in = release.release_id
    left join past
        on
            measured.measure = past.measure
            and measured.figure_unit is not distinct from past.quantity_unit
            and release.slice = past.slice
            and measured.series_id = past.series_id
            and measured.partner_iso3 = past.partner_iso3
            and measured.partner_code is not distinct from past.partner_code
            and measured.partner_role = past.partner_role
            and measured.code is not distinct from past.code
            and measured."procedure" is not distinct from past."procedure"
            and measured.period_start = past.period_start
            and measured.period_months = past.period_months
            and measured.period_kind = past.period_kind
    where measured.figure is not null
),
moved as (
    select
        *,
        last_figure <> first_figure as is_revised,
        case
            when last_figure = first_figure then 0
            else cast(last_figure as double) / nullif(cast(first_figure as double), 0) - 1
        end as revision
    from figure
),
last_change as (
    select *
    from facts.revision
    qualify
        row_number() over (
            partition by
                measure,
                quantity_unit,
                slice,
                series_id,
                partner_iso3,
                partner_code,
                partner_role,
                code,
                "procedure",
                period_start,
                period_months,
                period_kind
            order by revision_no desc
        ) = 1
),
lost as (
    select
        source,
        dataset,
        counted,
        measure,
        quantity_unit,
        count(*) as vanished
    from last_change
    where kind = 'vanished'
    group by source, dataset, counted, measure, quantity_unit
),
profile as (
    select
        source,
        dataset,
        counted,
        measure,
        quantity_unit,
        count(*) as figures,
        count(*) filter (where is_looked_at_again) as looked_at_again,
        count(*) filter (where is_revised) as revised,
        round(avg(revision), 9) as mean_revision,
        cast(sum(last_figure) as double) / nullif(cast(sum(first_figure) as double), 0) - 1 as weighted_revision,
        round(avg(abs(revision)), 9) as mean_absolute_revision,
        cast(sum(abs(last_figure - first_figure)) as double)
        / nullif(cast(sum(first_figure) as double), 0) as weighted_absolute_revision,
        round(avg(revision) filter (where is_revised), 9) as mean_revision_of_revised,
        round(avg(abs(revision)) filter (where is_revised), 9) as mean_absolute_revision_of_revised,
        median(abs(revision)) filter (where is_revised) as median_absolute_revision_of_revised,
        max(abs(revision)) filter (where is_revised) as largest_absolute_revision,
        count(*) filter (where is_revised and first_figure = 0) as from_zero,
        median(snapshots_to_settle) as median_snapshots_to_settle,
        max(snapshots_to_settle) as largest_snapshots_to_settle,
        count(*) filter (where has_appeared) as appeared,
        min(period_start) filter (where is_revised) as first_period,
        max(period_start) filter (where is_revised) as last_period,
        max(last_revised) filter (where is_revised) as last_revised
    from moved
    group by source, dataset, counted, measure, quantity_unit
)
select
    profile.source,
    profile.dataset,
    profile.counted,
    profile.measure,
    profile.quantity_unit,
    profile.figures,
    profile.looked_at_again,
    profile.revised,
    profile.revised / profile.figures as revised_share,
    profile.mean_revision,
    profile.weighted_revision,
    profile.mean_absolute_revision,
    profile.weighted_absolute_revision,
    profile.mean_revision_of_revised,
    profile.mean_absolute_revision_of_revised,
    profile.median_absolute_revision_of_revised,
    profile.largest_absolute_revision,
    profile.from_zero,
    profile.median_snapshots_to_settle,
    profile.largest_snapshots_to_settle,
    profile.appeared,
    coalesce(lost.vanished, 0) as vanished,
    profile.first_period,
    profile.last_period,
    profile.last_revised
from profile
left join lost
    on
        profile.source = lost.source
        and profile.dataset = lost.dataset
        and profile.counted = lost.counted
        and profile.measure = lost.measure
        and profile.quantity_unit is not distinct from lost.quantity_unit
