-- staging.trade
-- Every level of trade: the preferred prints of the bulletin files, and every line that offices file. `why_not_fact` and
-- `list_status` are of filed lines.
--
-- grain:  series_id, partner_iso3, partner_code, partner_role, code, procedure, period_start, period_months, period_kind, known_from

select
    *,
    'china_customs_bulletin' as source,
    case when code_system like '%HS%' then substr(code, 1, 6) end as hs6,
    case when code_system like '%HS%' then hs_edition_in_force(period_start) end as hs_edition,
    case when valuation = 'CIF' then value_usd end as cif_value_usd,
    case when valuation = 'FOB' then value_usd end as fob_value_usd,
    case
        when partner_iso3 = 'WLD' then 'world'
        when partner_iso3 = reporter_iso3 then 'returned'
        when partner_iso3 in (select country.iso3 from vocabulary.country as country where country.kind not in ('country', 'group'))
            then 'special'
        else 'country'
    end as partner_role
from staging.bulletin_choice
union all by name
select *
from staging.trade_line
