-- net_import_reliance_ratio(production, imports, exports, stock_release)
-- Net imports as a share of apparent consumption (ratio): (imports - exports + stock release) / apparent consumption.
-- Negative for a net exporter, which the U.S. Geological Survey prints as E; null where consumption is zero or unknown.

create macro main.net_import_reliance_ratio(production, imports, exports, stock_release) as
(imports - exports + stock_release) / nullif(production + imports - exports + stock_release, 0)
