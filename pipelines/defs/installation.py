"""The installation as a resource: what assets need to know of the world outside."""

from __future__ import annotations

import dagster as dg

from pipelines.settings import Settings, load_settings


class Installation(dg.ConfigurableResource):  # type: ignore[type-arg]  # it is no generic when it runs
    """Where files lie, what the clock says and whether stand-ins are asked: what the environment says, read when a step begins."""

    @property
    def settings(self) -> Settings:
        """Settings of now. Raises `LodestoneError` for a value that means nothing."""
        return load_settings()
