"""The US Census Bureau's trade API: how it answers, and three ways to fill it (cells of one's own, a vintage file, an invented world)."""

from pipelines.rehearsal.us_census_stand_in.api import KEY, Cell, CellKey, UsCensus
from pipelines.rehearsal.us_census_stand_in.cells import annual_revision, revised, rolled_up, shuffled, without_months
from pipelines.rehearsal.us_census_stand_in.invented import made_up, made_up_cells
from pipelines.rehearsal.us_census_stand_in.vintage import from_vintage

__all__ = [
    "KEY",
    "Cell",
    "CellKey",
    "UsCensus",
    "annual_revision",
    "from_vintage",
    "made_up",
    "made_up_cells",
    "revised",
    "rolled_up",
    "shuffled",
    "without_months",
]
