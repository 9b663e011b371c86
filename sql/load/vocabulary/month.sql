-- vocabulary.month
-- The calendar from 1990 to 2050, one row a month.
--
-- grain:  month

insert into vocabulary.month by name
select
    month::date as month,
    year(month)::integer as year,
    month(month)::integer as month_of_year,
    (month + interval 1 month)::date as next_month,
    day(last_day(month))::integer as days
from generate_series(date '1990-01-01', date '2050-12-01', interval 1 month) as calendar (month)
