"""Keep raw bytes once, under their own hash, with a receipt for every snapshot. Nothing here reads what the bytes mean.

    data/raw/<source>/<shelf>/<first 12 digits of sha256>/<member>    the bytes
    data/raw/<source>/<shelf>/receipts/<time>-<sha>-<member>.json     one receipt a snapshot of a file handed in
    data/raw/<source>/fetched/visits/<time>/plan.json                 the requests one visit to an office has
    data/raw/<source>/fetched/visits/<time>/receipts.jsonl            a line a receipt of their answers
    data/raw/<source>/decisions/<time>-<id>-<verb>.json               a person's decision on a release, or on a row a check refuses
    data/raw/<source>/bundled/decisions/<time>.json                   the same for bundled copies, committed with them

The shelf `bundled` is committed with the project; `fetched` is ignored by git. Neither is ever edited or deleted.
"""

from __future__ import annotations

from pipelines.archive.decision import Decision, decide, decisions, readable_decisions
from pipelines.archive.receipt import Receipt, body, intact_body, keep, readable_receipts, receipts, receive
from pipelines.archive.visit import (
    PlannedRequest,
    Visit,
    answered_by_stand_ins,
    begin_visit,
    keep_answer,
    note_trouble,
    readable_visits,
    refuse_a_clock_set_back,
    standing_trouble,
    visits,
    visits_folder,
)

__all__ = [
    "Decision",
    "PlannedRequest",
    "Receipt",
    "Visit",
    "answered_by_stand_ins",
    "begin_visit",
    "body",
    "decide",
    "decisions",
    "intact_body",
    "keep",
    "keep_answer",
    "note_trouble",
    "readable_decisions",
    "readable_receipts",
    "readable_visits",
    "receipts",
    "receive",
    "refuse_a_clock_set_back",
    "standing_trouble",
    "visits",
    "visits_folder",
]
