"""Lodestone: who depends on whom for critical minerals, what changed last month, and how sure are we.

The package is laid out by layer: `sources` (where data come from), `tables` and `vocabulary` (what we keep),
`archive`, `releases`, `gate`, `curation` and `warehouse` (how it gets there), `defs` (Dagster) and `cli` (people).
"""
