-- The finest lines: one for each national code, supplier and month.
select
    substr(code, 1, 6) as hs6,
    code,
    iso3 as supplier_iso3,
    month,
    value_usd,
    weight_kg
from read_parquet('{{ var('lines') }}')
where length(code) = 10 and role = 'country'
