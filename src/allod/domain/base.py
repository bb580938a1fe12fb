"""What every document part has in common: frozen, no unknown keys, names that travel well."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints


class Part(BaseModel):
    """A frozen piece of a document; a key that the schema does not know is refused."""

    # Reading the docstrings of fields would take most of the time that every command starts in;
    # `attribute_docs` reads them when a schema is made.
    model_config = ConfigDict(frozen=True, extra="forbid")


NAME_PATTERN = r"^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$"
#: Lower-case letters, digits and '-', as in DNS labels; sorts and travels everywhere alike.
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN)]
#: Free text for people.
Text = Annotated[str, StringConstraints(max_length=2000)]
