-- apparent_consumption(production, imports, exports, stock_release)
-- What a country used, in the unit of its arguments: production + imports - exports + stock release, a draw on stocks
-- being positive. U.S. Geological Survey, Mineral Commodity Summaries, appendix on definitions.

create macro main.apparent_consumption(production, imports, exports, stock_release) as
production + imports - exports + stock_release
