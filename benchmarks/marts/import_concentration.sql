-- The Herfindahl-Hirschman index of a code's suppliers in a month, how many they are, and the share of the largest.
select
    hs6,
    month,
    basis,
    count(*) as supplier_count,
    max(share) as cr1,
    sum(share * share) as hhi
from {{ ref('supplier_share') }}
group by all
