-- net_import_reliance_of(balance)
-- Net import reliance by year from a table named `balance` with columns year, production, imports, exports,
-- stock_release (by the government), industry_stock and exchange_stock (at the end of the year), in one unit.
-- A stock drawn down is supply. The release of stocks is unknown, and so is everything after it, in a year whose
-- predecessor is not in the table; a stock that no year before had counts as built from zero.
--
-- grain: year

create macro main.net_import_reliance_of(balance) as table
    with drawn as (
        select
            this_year.*,
            coalesce(this_year.stock_release, 0)
            - (this_year.industry_stock - before.industry_stock)
            - (coalesce(this_year.exchange_stock, 0) - coalesce(before.exchange_stock, 0)) as total_release
        from query_table(balance) as this_year
        left join query_table(balance) as before
            on this_year.year = before.year + 1
    )
    select
        year,
        total_release as stock_release,
        apparent_consumption(production, imports, exports, total_release) as apparent_consumption,
        net_import_reliance_ratio(production, imports, exports, total_release) as net_import_reliance
    from drawn
