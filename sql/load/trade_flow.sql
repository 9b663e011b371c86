-- facts.trade_flow
-- Bilateral trade: the partner-specific prints of the bulletin files, and the finest lines that offices file.
--
-- grain:  series_id, flow, reporter_iso3, partner_iso3, partner_code, partner_role, code, procedure, period_start, period_months,
--   period_kind, known_from

select * exclude (why_not_fact)
from staging.trade
where why_not_fact is null and partner_role <> 'world'
