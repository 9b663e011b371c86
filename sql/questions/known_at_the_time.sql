-- questions.known_at_the_time
-- Which of China's rare-earth exports of 2018 were known at the end of that year, and since when are the others?
-- The macro reads the prints that are preferred today; an edition built with `--as-of` chooses among those known then.
--
-- grain:  period_start, period_months, period_kind

with known as (
    select
        period_start,
        period_months,
        period_kind,
        weight_kg
    from trade_total_as_of('2018-12-31')
    where series_id = 'china_customs_bulletin/rare_earths'
)
select
    fact.period_start,
    fact.period_months,
    fact.period_kind,
    cast(fact.weight_kg as double) / 1000 as amount_t,
    cast(known.weight_kg as double) / 1000 as amount_known_then_t,
    fact.weight_method,
    fact.known_from,
    fact.known_from_basis
from facts.trade_total as fact
left join known
    on
        fact.period_start = known.period_start
        and fact.period_months = known.period_months
        and fact.period_kind = known.period_kind
where
    fact.series_id = 'china_customs_bulletin/rare_earths'
    and fact.period_start >= date '2018-01-01'
    and fact.period_start < date '2019-01-01'
    and fact.status <> 'missing'
order by fact.period_start asc, fact.period_months asc, fact.period_kind asc
