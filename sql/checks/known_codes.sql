-- checks.known_codes
-- Countries, commodities and series that the vocabulary does not know.
--
-- grain:  table_name, kind, code, source

select
    used.table_name,
    kind,
    code,
    used.source,
    case when any_value(known.code) is null then 'wrong' else 'ok' end as outcome
from generated.used_code as used
left join generated.known_code as known using (kind, code)
where code is not null
group by all
