-- facts.published_share
-- Published shares and amounts of single partners, the preferred print of each.
--
-- grain:  series_id, reporter_iso3, partner_iso3, basis, period_start, period_months, edition, known_from

select * exclude (print_no)
from staging.share_print
where print_no = 1
