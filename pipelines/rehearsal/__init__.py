"""Stand-ins of the statistics offices: they answer over HTTP on 127.0.0.1 in the offices' own shapes, quirks and errors.

For tests and rehearsals. Here belongs what an office says, never what Lodestone makes of it: no module outside this package
imports it, and of the rest of Lodestone it knows only the errors. Start one by hand with `python -m pipelines.rehearsal`.
"""
