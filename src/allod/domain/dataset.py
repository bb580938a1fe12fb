"""Dataset: data with a rule on where it may be stored, processed and managed."""

from __future__ import annotations

from allod.domain.base import Name, Part, Text
from allod.domain.residency import Residency


class Dataset(Part):
    """Data that work reads or writes."""

    title: Text = ""
    project: Name | None = None
    residency: Residency = Residency()
    stored_at: tuple[Name, ...] = ()
    """Sites that hold a copy; work goes there first if all else is equal."""
