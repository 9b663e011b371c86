"""Lodestone: who depends on whom for critical minerals, what changed last month, and how sure are we.

The folders stand in the order in which a figure passes through them: `fetching`, `archive`, `sources`, `readers`, `intake`,
`model`, `edition`, `questions`, `operations`; `cli` and `defs` (Dagster) are the doors, `rehearsal` stands in for offices.
"""
