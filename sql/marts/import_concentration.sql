-- marts.import_concentration
-- How dependent is each importer on few suppliers, and how sure is that? Where less than 99.5 % is attributed to named
-- countries the index is null: its bounds, and the class if both bounds share one, are then the answer.
-- Herfindahl-Hirschman index, bounds with a residual and normalised index as in docs/methods.md.
--
-- grain:  series_id, commodity, importer_iso3, basis, period_start, period_months
-- columns: series_id, source, publisher, importer_iso3, importer, commodity, stage, scope, basis, period_start, period_months
-- column: list_status | | complete, loose, selected or filed: what the part not attributed may be, see docs/methods.md.
-- column: page_tier | | Lowest grade of the pages that print the list, 1 the publisher's own; null where an office filed it.
-- columns: total, unit
-- column: supplier_count | suppliers | Countries with a share above zero.
-- column: supplier_count_qualifier | | exact, or at_least where part of the total is not attributed.
-- column: top_supplier_iso3 | | Largest supplier; null where the part not attributed could make another the largest, or where two are.
-- column: top_supplier | | Its English short name (vocabulary.country).
-- column: top_supplier_share | 0 to 1 | Its share; null where it is not known, or may hold some of the part not attributed.
-- column: cr1 | 0 to 1 | Share of the largest supplier, whoever it is; null where the part not attributed could change it.
-- column: cr1_low | 0 to 1 | Least the share of the largest can be.
-- column: cr1_high | 0 to 1 | Most it can be.
-- column: cr3 | 0 to 1 | Share of the three largest together; null where the part not attributed could change them.
-- column: hhi | 0 to 1 | Herfindahl-Hirschman index, the sum of squared shares; null below 99.5 % attributed.
-- column: hhi_low | 0 to 1 | Least the index can be, given the rounding of printed shares and the part not attributed.
-- column: hhi_high | 0 to 1 | Most it can be.
-- column: effective_suppliers | suppliers | 1 / hhi: equally large suppliers that would give the same index.
-- column: normalised_hhi | 0 to 1 | (hhi - 1/n) / (1 - 1/n) with n suppliers; 1 where there is one.
-- column: attributed_share | 0 to 1 | Part of the total that named countries supply; null where a share is printed only as a bound.
-- column: returned_share | ratio | Goods the importer got back from itself, over the total they are not part of; null where not filed.
-- column: concentration_class | | Class of the index, or of both bounds; null where they fall into different ones.
-- columns: threshold_version
-- column: flags | | Why something is null: unattributed, straddles_threshold, top_uncertain, top_tied; separated by blanks.
-- evidence: marts.supplier_share | evidence.series_id = mart.series_id and evidence.commodity = mart.commodity
--   and evidence.importer_iso3 = mart.importer_iso3 and evidence.basis = mart.basis
--   and evidence.period_start = mart.period_start and evidence.period_months = mart.period_months
--   and evidence.list_status <> 'partial'

with named as (
    select
        *,
        row_number() over (order by series_id, commodity, importer_iso3, basis, period_start, period_months) as list_no
    from (
        select distinct
            series_id,
            source,
            publisher,
            importer_iso3,
            commodity,
            stage,
            scope,
            basis,
            period_start,
            period_months
        from marts.supplier_share
        where list_status <> 'partial'
    ) as found
),
supplier as (
    select
        named.list_no,
        share.supplier_iso3,
        share.supplier_kind,
        share.share,
        share.share_low,
        -- Of a filed flow share_high holds what is not attributed; its own part ends before that.
        case when share.list_status = 'filed' then coalesce(share.share, share.share_high) else share.share_high end as own_high,
        share.share_rank,
        share.list_status,
        share.page_tier,
        share.total,
        share.unit
    from marts.supplier_share as share
    inner join named using (series_id, commodity, importer_iso3, basis, period_start, period_months)
    where share.list_status <> 'partial'
),
listed as (
    select
        *,
        row_number() over (partition by list_no, supplier_kind order by share_low desc, supplier_iso3 asc) as low_no
    from supplier
    where supplier_kind <> 'returned' and (share is not null or share_low is not null)
),
placed as (
    select
        list_no,
        share,
        row_number() over (partition by list_no order by share desc, supplier_iso3 asc) as place_no
    from supplier
    where supplier_kind = 'country' and share is not null
),
largest as (
    select
        list_no,
        max(case when place_no = 1 then share end)
        + coalesce(max(case when place_no = 2 then share end), 0)
        + coalesce(max(case when place_no = 3 then share end), 0) as top_three,
        max(case when place_no = 2 then share end) as second_share,
        min(case when place_no <= 3 then share end) as third_share
    from placed
    group by list_no
),
summed as (
    select
        list_no,
        max(list_status) as list_status,
        max(page_tier) as page_tier,
        max(total) as total,
        max(unit) as unit,
        count(*) filter (where supplier_kind = 'country' and (share > 0 or (share is null and share_low > 0))) as supplier_count,
        coalesce(sum(share) filter (where supplier_kind = 'country'), 0) as named_share,
        greatest(coalesce(sum(share), 0), 1) as whole,
        coalesce(sum(share_low) filter (where supplier_kind = 'country'), 0) as named_low,
        min(own_high) filter (where supplier_kind = 'country' and share > 0) as smallest_high,
        max(own_high) filter (where supplier_kind = 'country') as largest_high,
        max(share_low) filter (where supplier_kind = 'country') as largest_low,
        coalesce(max(own_high) filter (where supplier_kind = 'country' and low_no > 1), 0) as second_high,
        sum(share * share) filter (where supplier_kind = 'country') as named_squares,
        sum(share_low * share_low) filter (where supplier_kind = 'country') as low_squares,
        sum(own_high * own_high) filter (where supplier_kind = 'country') as high_squares,
        max(share) filter (where supplier_kind = 'country') as top_share,
        min(supplier_iso3) filter (where supplier_kind = 'country' and low_no = 1) as top_iso3,
        count(*) filter (where share_rank = 1) as top_count,
        count(*) filter (where supplier_kind = 'country' and share is null) as bound_only
    from listed
    group by list_no
    having count(*) filter (where supplier_kind = 'country') > 0
),
list as (
    select
        named.*,
        summed.* exclude (list_no)
    from named
    inner join summed using (list_no)
),
returned as (
    select
        list_no,
        sum(share) as returned_share
    from supplier
    where supplier_kind = 'returned'
    group by list_no
),
residual as (
    select
        list.*,
        largest.top_three / list.whole as top_three,
        coalesce(largest.second_share, 0) as second_share,
        largest.third_share,
        list.named_share / list.whole as attributed_share,
        greatest(1 - list.named_share / list.whole, 0) as rest,
        greatest(1 - list.named_low, 0) as rest_high
    from list
    left join largest using (list_no)
),
bounded as (
    select
        *,
        case when attributed_share >= 0.995 and bound_only = 0 then named_squares end as hhi,
        low_squares as hhi_low,
        least(
            case
                when list_status = 'complete' then high_squares + rest_high * least(rest_high, smallest_high)
                when list_status = 'filed'
                    then high_squares - largest_high * largest_high + (largest_high + rest_high) * (largest_high + rest_high)
                else high_squares + rest_high * rest_high
            end,
            1
        ) as hhi_high,
        least(
            case list_status
                when 'complete' then largest_high
                when 'filed' then largest_high + rest_high
                else greatest(largest_high, rest_high)
            end,
            1
        ) as cr1_high,
        case
            when bound_only = 0
                then
                    case list_status
                        when 'complete' then true
                        when 'filed' then top_share >= second_share + rest
                        else top_share >= rest
                    end
            -- Where a figure is no point, the least of one against the most of the others and of the rest.
            else
                largest_low >= second_high
                and case list_status
                    when 'complete' then true
                    when 'filed' then largest_low >= second_high + rest_high
                    else largest_low >= rest_high
                end
        end as top_is_certain,
        bound_only = 0
        and case list_status
            when 'complete' then true
            when 'filed' then attributed_share >= 0.995
            else top_share >= rest
        end as largest_is_known,
        bound_only = 0
        and (
            attributed_share >= 0.995
            or case list_status
                when 'complete' then supplier_count >= 3
                when 'filed' then false
                else supplier_count >= 3 and third_share >= rest
            end
        ) as three_are_known
    from residual
),
class as (
    select
        threshold_version,
        threshold_class,
        coalesce(lower, 0) as lower,
        coalesce(upper, 2) as upper
    from vocabulary.threshold
    where threshold_version = 'us_doj_ftc_2023' and measure = 'hhi'
),
classed as (
    select
        bounded.*,
        low_class.threshold_version,
        low_class.threshold_class as low_class,
        high_class.threshold_class as high_class,
        point_class.threshold_class as point_class
    from bounded
    left join class as low_class
        on bounded.hhi_low >= low_class.lower and bounded.hhi_low < low_class.upper
    left join class as high_class
        on bounded.hhi_high >= high_class.lower and bounded.hhi_high < high_class.upper
    left join class as point_class
        on bounded.hhi >= point_class.lower and bounded.hhi < point_class.upper
)
select
    classed.series_id,
    classed.source,
    classed.publisher,
    classed.importer_iso3,
    importer.name as importer,
    classed.commodity,
    classed.stage,
    classed.scope,
    classed.basis,
    classed.period_start,
    classed.period_months,
    classed.list_status,
    classed.page_tier,
    classed.total,
    classed.unit,
    classed.supplier_count,
    case when classed.attributed_share >= 1 - 1e-9 and classed.bound_only = 0 then 'exact' else 'at_least' end as supplier_count_qualifier,
    case
        when classed.top_is_certain and (classed.top_count = 1 or classed.bound_only > 0) then classed.top_iso3
    end as top_supplier_iso3,
    case
        when classed.top_is_certain and (classed.top_count = 1 or classed.bound_only > 0) then supplier.name
    end as top_supplier,
    case
        when classed.top_is_certain and classed.top_count = 1 and classed.largest_is_known then classed.top_share
    end as top_supplier_share,
    case when classed.largest_is_known then classed.top_share end as cr1,
    round(classed.largest_low, 12) as cr1_low,
    round(classed.cr1_high, 12) as cr1_high,
    case when classed.three_are_known then round(classed.top_three, 12) end as cr3,
    round(classed.hhi, 12) as hhi,
    round(classed.hhi_low, 12) as hhi_low,
    round(classed.hhi_high, 12) as hhi_high,
    round(1 / nullif(classed.hhi, 0), 12) as effective_suppliers,
    case
        when classed.hhi is null then null
        when classed.supplier_count = 1 then 1
        else round((classed.hhi - 1.0 / classed.supplier_count) / (1 - 1.0 / classed.supplier_count), 12)
    end as normalised_hhi,
    case when classed.bound_only = 0 then round(classed.attributed_share, 12) end as attributed_share,
    coalesce(returned.returned_share, case when classed.list_status = 'filed' then 0.0 end) as returned_share,
    case
        when classed.hhi is not null then classed.point_class
        when classed.low_class = classed.high_class then classed.low_class
    end as concentration_class,
    classed.threshold_version,
    concat_ws(
        ' ',
        case when classed.hhi is null then 'unattributed' end,
        case when classed.hhi is null and classed.low_class <> classed.high_class then 'straddles_threshold' end,
        case
            when not classed.top_is_certain then 'top_uncertain'
            when classed.top_count > 1 and classed.bound_only = 0 then 'top_tied'
        end
    ) as flags
from classed
left join returned using (list_no)
left join vocabulary.country as importer
    on classed.importer_iso3 = importer.iso3
left join vocabulary.country as supplier
    on classed.top_iso3 = supplier.iso3
