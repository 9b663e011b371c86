"""The edition: planned, loaded, checked, described and published; a disposable DuckDB file that readers open."""
