-- checks.unique_keys
-- Rows that share a key that must be unique, those nearest to the cause first.
--
-- grain:  layer, table_name, key

select
    layer,
    table_name,
    source,
    key,
    found,
    case when found > 1 then 'wrong' else 'ok' end as outcome
from generated.shared_key
