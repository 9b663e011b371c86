"""USGS Mineral Commodity Summaries."""
