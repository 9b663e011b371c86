-- marts.claim_check
-- What the warehouse holds for each statement of the article this project began with, and the verdict that follows.
-- Evidence is what counts the same thing: of the figures with the statement's measure, country and partner those whose
-- commodity, stage and wording (vocabulary.claim_scope) match, and basis and period wherever the statement gives them. The
-- others are context, and pages that repeat the article are reprints: of the figures that article prints, only those that
-- count the same thing. One statistic counts once, however many pages print it: the publisher's own page stands for it, and the
-- others are repeats. The verdict, the same in every row of a statement, follows from the evidence alone, in this order:
-- no_independent_evidence, basis_unstated, differs (a piece of evidence lies outside the statement's rounding), agrees.
--
-- grain:  claim_id, role, evidence_no
-- unique: claim_id, evidence_table, evidence_scope, evidence_basis, evidence_period_start, evidence_period_end, evidence_value,
--   evidence_low, publisher, publication
-- column: claim_id | | Statement (vocabulary.claim).
-- columns: statement
-- column: claimed_value | see unit | The number stated.
-- column: unit | | t, ratio, minerals or days.
-- column: scope | | Scope as the article words it.
-- column: basis | | Basis the article gives; null where it gives none.
-- column: period_start | | First day of the statement's period; null where the article gives none.
-- column: period_end | | Last day of the statement's period; null where the article gives none.
-- column: verdict | | no_independent_evidence, basis_unstated, differs or agrees.
-- column: role | | evidence, repeat (of a statistic that is evidence already), context, reprint, or none where nothing is held.
-- column: evidence_no | | Number of the row within its statement and role.
-- column: evidence_value | see unit | What the evidence says; computed by a mart or printed. Null where only a bound is printed.
-- column: evidence_low | see unit | Lower end where only a bound is printed; null where that end is open.
-- column: evidence_high | see unit | Upper end where only a bound is printed; null where that end is open.
-- column: agrees | | Whether what it allows touches the statement, give or take half of its last digit; null for context and reprints.
-- column: evidence_table | | Table or mart that holds it.
-- column: evidence_scope | | What the evidence covers.
-- column: evidence_basis | | Basis of the evidence; null where its publisher gives none.
-- column: evidence_period_start | | First day of its period; null where open or unknown.
-- column: evidence_period_end | | Last day of its period; null where open or unknown.
-- columns: publisher
-- column: publication | | Page that prints it; null for computed values of several pages.
-- column: page_tier | | Grade of the page, 1 the publisher's own; null for computed values of several pages.
-- column: why_not_evidence | | For context: which of scope (commodity, stage and wording), basis and period does not match.
-- evidence: marts.export_change_monthly | mart.evidence_table = 'marts.export_change_monthly' and evidence.basis = mart.evidence_basis
--   and evidence.series_id in (
--     select series.series_id from vocabulary.series as series
--     where series.publisher = mart.publisher and series.scope_text = mart.evidence_scope)
--   and evidence.period_start + to_months(evidence.period_months) - interval 1 day = mart.evidence_period_end
--   and mart.evidence_value in (evidence.amount, evidence.change_on_month, evidence.year_to_date_change_on_year)
-- evidence: facts.published_number | mart.evidence_table = 'facts.published_number'
--   and evidence.commodity_text = mart.evidence_scope and evidence.publication is not distinct from mart.publication
--   and evidence.publisher is not distinct from mart.publisher and evidence.basis is not distinct from mart.evidence_basis
--   and evidence.period_start is not distinct from mart.evidence_period_start
--   and evidence.period_end is not distinct from mart.evidence_period_end
--   and evidence.measure in (select claim.measure from vocabulary.claim as claim where claim.claim_id = mart.claim_id)
--   and coalesce(mart.evidence_value, mart.evidence_low, mart.evidence_high)
--     = round(cast(evidence.value as double) * case when evidence.unit like 'percent%' then 0.01 else 1 end
--       * case when evidence.value_qualifier in ('about', 'nearly') then printed_low(1, 'about', 0) else 1 end, 9)
-- evidence: facts.published_share | mart.evidence_table = 'facts.published_share'
--   and evidence.series_id in (
--     select series.series_id from vocabulary.series as series where series.scope_text is not distinct from mart.evidence_scope)
--   and evidence.publication is not distinct from mart.publication and evidence.publisher is not distinct from mart.publisher
--   and nullif(evidence.basis, 'unknown') is not distinct from mart.evidence_basis
--   and evidence.period_start is not distinct from mart.evidence_period_start
--   and evidence.share is not distinct from mart.evidence_value
--   and evidence.share_low is not distinct from coalesce(mart.evidence_low, evidence.share_low)
--   and exists (
--     select 1 from vocabulary.claim as claim
--     where claim.claim_id = mart.claim_id and claim.reporter_iso3 = evidence.reporter_iso3
--       and claim.partner_iso3 = evidence.partner_iso3)
-- evidence: facts.stockpile_target | mart.evidence_table = 'facts.stockpile_target' and evidence.scope_text = mart.evidence_scope
--   and evidence.publication is not distinct from mart.publication and cast(evidence.target_days as double) = mart.evidence_value
--   and evidence.valid_from is not distinct from mart.evidence_period_start
--   and evidence.valid_to is not distinct from mart.evidence_period_end
--   and evidence.country_iso3 in (select claim.reporter_iso3 from vocabulary.claim as claim where claim.claim_id = mart.claim_id)

with bulletin as (
    select
        change.series_id,
        change.reporter_iso3,
        change.commodity,
        change.stage,
        change.basis,
        change.period_start,
        change.period_months,
        change.amount,
        change.change_on_month,
        change.year_to_date_change_on_year,
        series.publisher,
        series.scope_text,
        fact.publication,
        fact.page_tier,
        fact.statistic_id
    from marts.export_change_monthly as change
    inner join (
        select distinct
            series_id,
            publisher,
            scope_text
        from vocabulary.series
    ) as series
        on change.series_id = series.series_id
    inner join facts.trade_total as fact
        on
            change.series_id = fact.series_id
            and change.period_start = fact.period_start
            and change.period_months = fact.period_months
            and fact.period_kind in ('month', 'combined', 'range')
),
held as (
    select
        'export_weight' as measure,
        reporter_iso3,
        'WLD' as partner_iso3,
        commodity,
        stage,
        basis,
        period_start,
        cast(period_start + to_months(period_months) - interval 1 day as date) as period_end,
        amount as value,
        amount as low,
        amount as high,
        'marts.export_change_monthly' as evidence_table,
        scope_text,
        publisher,
        publication,
        null as ancestor,
        page_tier,
        statistic_id,
        true as period_is_printed
    from bulletin
    where amount is not null and basis = 'weight'
    union all by name
    select
        'change_on_month' as measure,
        reporter_iso3,
        'WLD' as partner_iso3,
        commodity,
        stage,
        basis,
        period_start,
        cast(period_start + to_months(period_months) - interval 1 day as date) as period_end,
        change_on_month as value,
        change_on_month as low,
        change_on_month as high,
        'marts.export_change_monthly' as evidence_table,
        scope_text,
        publisher,
        null as publication,
        null as ancestor,
        null as page_tier,
        null as statistic_id,
        true as period_is_printed
    from bulletin
    where change_on_month is not null
    union all by name
    select
        'year_to_date_change_on_year' as measure,
        reporter_iso3,
        'WLD' as partner_iso3,
        commodity,
        stage,
        basis,
        make_date(year(period_start), 1, 1) as period_start,
        cast(period_start + to_months(period_months) - interval 1 day as date) as period_end,
        year_to_date_change_on_year as value,
        year_to_date_change_on_year as low,
        year_to_date_change_on_year as high,
        'marts.export_change_monthly' as evidence_table,
        scope_text,
        publisher,
        null as publication,
        null as ancestor,
        null as page_tier,
        null as statistic_id,
        true as period_is_printed
    from bulletin
    where year_to_date_change_on_year is not null
    union all by name
    select
        number.measure,
        number.reporter_iso3,
        coalesce(number.partner_iso3, case when number.measure in ('change_on_month', 'export_weight') then 'WLD' end) as partner_iso3,
        number.commodity,
        term.stage,
        number.basis,
        number.period_start,
        number.period_end,
        case when number.value_qualifier = 'eq' then number.amount end as value,
        case
            when number.value_qualifier not in ('lt', 'le') then round(printed_low(number.amount, number.value_qualifier, 0), 9)
        end as low,
        round(printed_high(number.amount, number.value_qualifier, 0), 9) as high,
        'facts.published_number' as evidence_table,
        number.commodity_text as scope_text,
        number.publisher,
        number.publication,
        number.ancestor,
        number.page_tier,
        number.statistic_id,
        number.period_qualifier <> 'assumed' as period_is_printed
    from (
        select
            *,
            round(cast(value as double) * case when unit like 'percent%' then 0.01 else 1 end, 9) as amount
        from facts.published_number
    ) as number
    left join (
        select
            term,
            min(stage) as stage
        from vocabulary.commodity_term
        group by term
        having count(*) = 1
    ) as term
        on lower(number.commodity_text) = term.term
    where number.source = 'published_shares' and number.value_qualifier <> 'not_available'
    union all by name
    select
        case published.flow when 'import' then 'import_share' else 'export_share' end as measure,
        published.reporter_iso3,
        published.partner_iso3,
        series.commodity,
        series.stage,
        nullif(published.basis, 'unknown') as basis,
        published.period_start,
        cast(published.period_start + to_months(published.period_months) - interval 1 day as date) as period_end,
        published.share as value,
        published.share_low as low,
        published.share_high as high,
        'facts.published_share' as evidence_table,
        series.scope_text,
        published.publisher,
        published.publication,
        page.ancestor,
        published.page_tier,
        published.statistic_id,
        coalesce(published.period_qualifier <> 'assumed', true) as period_is_printed
    from facts.published_share as published
    inner join (
        select distinct
            series_id,
            commodity,
            stage,
            scope_text
        from vocabulary.series
    ) as series
        on published.series_id = series.series_id
    left join vocabulary.publication as page
        on published.publication = page.address
    where
        published.flow in ('import', 'export')
        and published.dataset <> 'published_checks'
        and coalesce(published.share, published.share_low) is not null
    union all by name
    select
        'stockpile_target_days' as measure,
        target.country_iso3 as reporter_iso3,
        null as partner_iso3,
        target.commodity,
        'any' as stage,
        nullif(target.basis, 'unknown') as basis,
        target.valid_from as period_start,
        target.valid_to as period_end,
        cast(target.target_days as double) as value,
        cast(target.target_days as double) as low,
        cast(target.target_days as double) as high,
        'facts.stockpile_target' as evidence_table,
        target.scope_text,
        coalesce(page.primary_publisher, page.publisher) as publisher,
        target.publication,
        page.ancestor,
        null as page_tier,
        null as statistic_id,
        true as period_is_printed
    from facts.stockpile_target as target
    left join vocabulary.publication as page
        on target.publication = page.address
    where target.holder in ('national', 'total')
),
subject as (
    select
        commodity.commodity,
        coalesce(commodity.parent, commodity.commodity) as family
    from vocabulary.commodity as commodity
),
compared as (
    select
        claim.claim_id,
        claim.value as claimed_value,
        claim.printed_step,
        claim.context_period,
        held.*,
        coalesce(held.ancestor = claim.ancestor, false) as is_reprint,
        coalesce(held.commodity = claim.commodity and held.stage = claim.stage, false)
        and same_scope.wording is not null as scope_matches,
        claim.basis is null or coalesce(held.basis = claim.basis, false) as basis_matches,
        claim.period_start is null
        or coalesce(
            held.period_start = claim.period_start and held.period_end = claim.period_end and held.period_is_printed, false
        ) as period_matches
    from vocabulary.claim as claim
    inner join held
        on
            claim.measure = held.measure
            and claim.reporter_iso3 = held.reporter_iso3
            and coalesce(claim.partner_iso3, '') = coalesce(held.partner_iso3, '')
    left join vocabulary.claim_scope as same_scope
        on claim.counts = same_scope.counts and lower(held.scope_text) = lower(same_scope.wording)
    left join subject as claim_subject
        on claim.commodity = claim_subject.commodity
    left join subject as held_subject
        on held.commodity = held_subject.commodity
    where
        claim_subject.family = held_subject.family
        or claim.context_commodity = held_subject.family
),
placed as (
    select
        *,
        case
            when is_reprint then 'reprint'
            when scope_matches and basis_matches and period_matches then 'evidence'
            else 'context'
        end as role,
        coalesce(low, high) is not null
        and coalesce(low <= claimed_value + printed_step / 2 + 1e-9, true)
        and coalesce(high >= claimed_value - printed_step / 2 - 1e-9, true) as agrees
    from compared
    where
        case
            when is_reprint then scope_matches
            else period_matches or context_period = 'any'
        end
),
role as (
    select
        * replace (
            case
                when
                    role = 'evidence'
                    and (
                        row_number() over same_figure > 1
                        or row_number() over same_page > 1
                        or (statistic_id is not null and row_number() over same_statistic > 1)
                    )
                    then 'repeat'
                else role
            end as role
        )
    from placed
    window
        same_figure as (
            partition by claim_id, role, publisher, period_start, period_end, round(coalesce(value, low, high), 6)
            order by (basis is null) asc, page_tier asc nulls last, evidence_table asc, publication asc
        ),
        same_page as (
            partition by claim_id, role, publication, round(coalesce(value, low, high), 6)
            order by (basis is null) asc, page_tier asc nulls last, evidence_table asc, period_start asc
        ),
        same_statistic as (
            partition by claim_id, role, statistic_id
            order by (basis is null) asc, page_tier asc nulls last, evidence_table asc, publication asc
        )
),
verdict as (
    select
        claim.claim_id,
        case
            when count(*) filter (where role.role = 'evidence') = 0 then 'no_independent_evidence'
            when any_value(claim.basis) is null then 'basis_unstated'
            when count(*) filter (where role.role = 'evidence' and not role.agrees) > 0 then 'differs'
            else 'agrees'
        end as verdict
    from vocabulary.claim as claim
    left join role
        on claim.claim_id = role.claim_id
    group by claim.claim_id
)
select
    claim.claim_id,
    claim.statement,
    claim.value as claimed_value,
    claim.unit,
    claim.scope_text as scope,
    claim.basis,
    claim.period_start,
    claim.period_end,
    verdict.verdict,
    coalesce(role.role, 'none') as role,
    row_number() over (
        partition by claim.claim_id, role.role
        order by
            role.period_start asc nulls last,
            role.evidence_table asc,
            role.publication asc nulls first,
            role.scope_text asc,
            role.value asc
    ) as evidence_no,
    role.value as evidence_value,
    case when role.value is null or role.low <> role.high then role.low end as evidence_low,
    case when role.value is null or role.low <> role.high then role.high end as evidence_high,
    case role.role when 'evidence' then role.agrees end as agrees,
    role.evidence_table,
    role.scope_text as evidence_scope,
    role.basis as evidence_basis,
    role.period_start as evidence_period_start,
    role.period_end as evidence_period_end,
    role.publisher,
    role.publication,
    role.page_tier,
    case
        when role.role = 'context'
            then concat_ws(
                ' ',
                case when not role.scope_matches then 'scope' end,
                case when not role.basis_matches then 'basis' end,
                case when not role.period_matches then 'period' end
            )
    end as why_not_evidence
from vocabulary.claim as claim
inner join verdict
    on claim.claim_id = verdict.claim_id
left join role
    on claim.claim_id = role.claim_id
