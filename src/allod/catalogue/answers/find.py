"""Where a project may turn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date as Date
from typing import Any

from allod.domain.document import Document
from allod.domain.party import Party
from allod.domain.project import Project
from allod.errors import InvalidInput
from allod.plan.find import Answer, Applicant, find
from allod.plan.known import Known


@dataclass(frozen=True, slots=True)
class Found:
    """Modes, desks and sites for one project, as known at the end of `day`."""

    day: Date
    project: str
    answer: Answer

    def to_json(self) -> dict[str, Any]:
        """What programs get."""
        told = asdict(self.answer)
        for mode in told["modes"]:
            for key in ("cutoff", "access_by"):
                mode["clock"][key] = mode["clock"][key].isoformat() if mode["clock"][key] else None
        return {"at": self.day.isoformat(), "project": self.project, **told}


def find_for(known: Known, documents: Sequence[Document], where: str) -> Found:
    """Where the one project among `documents` may turn; `where` they were found, for an error.

    Its country is its own, or the seat of its party, which is looked for beside it and in the
    catalogue.

    Raises:
        InvalidInput: There is no project, or there are several.
    """
    projects = [item for item in documents if isinstance(item.spec, Project)]
    if len(projects) != 1:
        raise InvalidInput(
            f"{where} has {len(projects) or 'no'} project{'s' if projects else ''}",
            mend="give one document of kind Project",
            field="kind",
            value=", ".join(item.kind for item in documents),
        )
    (document,) = projects
    project = document.spec
    assert isinstance(project, Project)
    beside = {item.name: item.spec for item in documents if isinstance(item.spec, Party)}
    party = {**known.parties, **beside}.get(project.party or "")
    country = project.country.value or (party.seat.value if party else None)
    return Found(known.day, document.name, find(known, Applicant(project, country, known.day)))
