-- Imports of a code in a month, and their change on the month before and on the month a year before.
with total as (
    select
        hs6,
        basis,
        month,
        sum(amount) as amount
    from {{ ref('supplier_share') }}
    group by all
)
select
    hs6,
    basis,
    month,
    amount,
    case when lag(month) over series = month - interval 1 month then amount / nullif(lag(amount) over series, 0) - 1 end as change_on_month,
    case when lag(month, 12) over series = month - interval 12 month then amount / nullif(lag(amount, 12) over series, 0) - 1 end as change_on_year
from total
window series as (partition by hs6, basis order by month)
