-- Twenty questions, asked of the edition (its tables under the names of benchmarks/edition) and of the floor's Parquet (benchmarks/marts as
-- views over it). A statement each, its question above it; shares and changes are rounded, so that both answers can be compared.

-- Which suppliers sent most graphite in the newest month?
select supplier_iso3, sum(value_usd) as value_usd from flow where hs6 = '250410' and month = (select max(month) from flow)
group by all order by value_usd desc, supplier_iso3 limit 10;

-- What came from one country, code by code and year by year?
select hs6, year(month) as year, sum(value_usd) as value_usd from flow where supplier_iso3 = 'CAN' group by all order by all;

-- What was one national code worth, month by month?
select month, sum(value_usd) as value_usd, sum(weight_kg) as weight_kg from flow where code = '2504100010' group by all order by all;

-- What did a kilogram of each code cost in each year?
select hs6, year(month) as year, round(sum(value_usd) / sum(weight_kg), 6) as usd_per_kg from flow group by all order by all;

-- How many lines and suppliers has each year?
select year(month) as year, count(*) as lines, count(distinct supplier_iso3) as suppliers from flow group by all order by all;

-- Which twenty lines are the largest of all?
select code, supplier_iso3, month, value_usd from flow order by value_usd desc, code, supplier_iso3, month limit 20;

-- Which countries supply most, over all codes and months?
select supplier_iso3, sum(value_usd) as value_usd from flow group by all order by value_usd desc, supplier_iso3 limit 10;

-- Since when does each country supply tungsten ores, and until when?
select supplier_iso3, min(month) as first_month, max(month) as last_month from flow where hs6 = '261100' group by all order by all;

-- Whose share of a code was largest in the newest month?
select hs6, supplier_iso3, round(share, 9) as share from supplier_share where basis = 'value' and month = (select max(month) from flow)
qualify row_number() over (partition by hs6 order by share desc, supplier_iso3) = 1 order by all;

-- How did one country's share of graphite move?
select month, round(share, 9) as share from supplier_share where hs6 = '250410' and supplier_iso3 = 'CAN' and basis = 'weight' order by all;

-- All suppliers of one code in one month, the largest first.
select supplier_iso3, round(amount, 3) as amount, round(share, 9) as share from supplier_share
where hs6 = '250410' and basis = 'value' and month = (select max(month) from flow) order by share desc, supplier_iso3;

-- Where does a country supply more than a tenth, in how many months?
select hs6, supplier_iso3, count(*) as months from supplier_share where basis = 'value' and share > 0.1 group by all order by all;

-- What is the mean share of each supplier of magnets?
select supplier_iso3, round(avg(share), 9) as share from supplier_share where hs6 = '850511' and basis = 'value' group by all order by all;

-- Where do shares by value and by weight differ most?
select hs6, month, supplier_iso3, round(max(share) - min(share), 9) as difference from supplier_share
group by all order by difference desc, hs6, month, supplier_iso3 limit 10;

-- Which imports are most concentrated in the newest month?
select hs6, round(hhi, 9) as hhi, round(cr1, 9) as cr1, supplier_count from import_concentration
where basis = 'value' and month = (select max(month) from flow) order by hhi desc, hs6 limit 10;

-- How did concentration of one code move?
select month, basis, round(hhi, 9) as hhi from import_concentration where hs6 = '250410' order by all;

-- What is the mean index of each code and year?
select hs6, year(month) as year, round(avg(hhi), 9) as hhi from import_concentration where basis = 'weight' group by all order by all;

-- Which imports moved most in the newest month?
select hs6, round(change_on_month, 9) as change_on_month, round(change_on_year, 9) as change_on_year from import_change
where basis = 'value' and month = (select max(month) from flow) order by abs(change_on_month) desc, hs6 limit 10;

-- How did one code change, month by month?
select month, basis, round(amount, 3) as amount, round(change_on_month, 9) as on_month, round(change_on_year, 9) as on_year
from import_change where hs6 = '250410' order by all;

-- In how many months did each code fall by more than a tenth on the year, while its suppliers became fewer than in the month before?
select changed.hs6, count(*) as months
from import_change as changed
inner join (
    select *, lag(supplier_count) over (partition by hs6, basis order by month) as before from import_concentration
) as counted using (hs6, month, basis)
where changed.basis = 'value' and changed.change_on_year < -0.1 and counted.supplier_count < counted.before
group by all order by all;
