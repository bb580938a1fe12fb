"""What an upload came to."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(slots=True)
class Upload:
    """What a form brought beside the bytes of its file."""

    fields: dict[str, str] = field(default_factory=dict)
    filename: str | None = None  #: None: there was no file in it.
    bytes: int = 0
