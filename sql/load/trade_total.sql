-- facts.trade_total
-- Trade of a reporter with all partners together: the preferred prints of the bulletin files, and the totals that offices file.
--
-- grain:  series_id, flow, reporter_iso3, partner_iso3, partner_code, code, procedure, period_start, period_months, period_kind, known_from

select * exclude (why_not_fact, list_status)
from staging.trade
where why_not_fact is null and partner_role = 'world'
