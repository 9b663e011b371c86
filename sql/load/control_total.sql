-- facts.control_total
-- Filed lines that are no facts: coarser codes, which the facts must add up to, finer codes that do not cover their heading, groups.
--
-- grain:  series_id, flow, reporter_iso3, partner_code, code, procedure, period_start, period_months, period_kind, known_from

select * exclude (list_status)
from staging.trade_line
where why_not_fact is not null
