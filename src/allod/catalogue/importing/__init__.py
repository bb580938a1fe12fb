"""Import: a file of collected facts beside what the catalogue was made from, and what follows."""

from __future__ import annotations

from allod.catalogue.importing.facts import Facts, Told, read_facts
from allod.catalogue.importing.plan import Plan, planned
from allod.catalogue.importing.record import Record, read_record
from allod.catalogue.importing.written import replace, texts

__all__ = [
    "Facts",
    "Plan",
    "Record",
    "Told",
    "planned",
    "read_facts",
    "read_record",
    "replace",
    "texts",
]
