"""A constant of the physical world: value, unit, where it was read and how well it stands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: Measured on a real plant, declared by its maker or author, or assumed by us.
Grade = Literal["measured", "declared", "assumed"]


@dataclass(frozen=True, slots=True)
class Constant:
    """A value that a formula uses and a site may replace by its own."""

    value: float
    unit: str  #: '1' for a plain ratio.
    source: str  #: A title or address; of an assumption, why it is so.
    standing: Grade
