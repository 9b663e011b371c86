-- Who supplies how much of a code in a month, in US dollars and in tonnes.
with summed as (
    select
        hs6,
        month,
        supplier_iso3,
        cast(sum(value_usd) as double) as value_usd,
        sum(weight_kg) / 1000 as weight_t
    from {{ ref('flow') }}
    group by all
),
supplier as (
    select
        hs6,
        month,
        supplier_iso3,
        unnest(['value', 'weight']) as basis,
        unnest([value_usd, weight_t]) as amount
    from summed
)
select
    hs6,
    month,
    supplier_iso3,
    basis,
    amount,
    amount / nullif(sum(amount) over (partition by hs6, month, basis), 0) as share
from supplier
