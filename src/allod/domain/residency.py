"""Residency: where data may be stored, processed and managed, and under whose control (L2)."""

from __future__ import annotations

from pydantic import Field, model_validator

from allod.domain.areas import AreaOrCountry
from allod.domain.base import Part, Text

Places = tuple[AreaOrCountry, ...]


class Control(Part):
    """Who may own the operator, through the chain of shares."""

    within: Places | None = None
    """Every party in control must have its seat here."""
    excluded: Places = ()
    """No party in control may have its seat here."""
    foreign_share_max_bp: int | None = Field(default=None, ge=0, le=10_000)
    """Largest share that owners seated outside `within` may hold together. [basis points]"""

    @model_validator(mode="after")
    def _says_what_is_foreign(self) -> Control:
        if self.foreign_share_max_bp is not None and self.within is None:
            raise ValueError(
                "foreign_share_max_bp does not say what is foreign; add 'within: [NO]' beside it"
            )
        return self


class Residency(Part):
    """A rule on data; what is not given is not restricted."""

    storage: Places | None = None
    processing: Places | None = None
    management: Places | None = None
    metadata: Places | None = None
    control: Control | None = None
    basis: Text = ""
    """The law or contract that it comes from."""
