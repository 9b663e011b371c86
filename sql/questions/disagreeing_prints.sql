-- questions.disagreeing_prints
-- Which figures are printed differently on different pages, and which print do the facts use?
--
-- grain:  table_name, series_id, partner_iso3, period_start, period_months, period_kind, print_no, measure

select
    table_name,
    series_id,
    partner_iso3,
    period_start,
    period_months,
    period_kind,
    print_no,
    measure,
    preferred_value,
    value as other_value,
    round(relative_difference, 6) as relative_difference,
    publication as other_publication,
    source_member,
    source_row
from facts.conflict
where relative_difference <> 0
order by abs(relative_difference) desc, series_id asc, period_start asc, print_no asc
