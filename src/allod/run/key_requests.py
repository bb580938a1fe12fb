"""Requests about keys of projects: made, revoked, and whether what their calls say is logged."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from allod.domain.charter import Charter
from allod.domain.document import from_json
from allod.domain.nearest import mend_of
from allod.domain.project_key import KeyTerms
from allod.errors import Conflict, InvalidInput, NotFound
from allod.run.document_requests import no_document
from allod.run.log import KeyRow
from allod.run.records import KeyContentLogged, KeyMade, KeyRevoked
from allod.run.requests import Turn
from allod.run.views import Views, document_of

_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?")
_NAME_MAX = 63


@dataclass(frozen=True, slots=True)
class MakeKey:
    """A secret with this digest is to let a project call services."""

    name: str  #: '': the node finds one, such as 'clinic-2'.
    project: str
    sha256: bytes
    terms: KeyTerms
    actor: str

    def decide(self, turn: Turn) -> Callable[[], str]:
        """See `Request.decide`; the answer is the name."""
        self._check(turn)
        name = self.name or _next_name(self.project, turn.views)
        turn.note(
            KeyMade(
                at_s=turn.at_s,
                name=name,
                project=self.project,
                sha256=self.sha256.hex(),
                terms=self.terms.model_dump(mode="json", exclude_defaults=True),
                actor=self.actor,
            )
        )
        return lambda: name

    def _check(self, turn: Turn) -> None:
        """Raise if it names what is not there, or a key that is or was."""
        if self.name and _NAME.fullmatch(self.name) is None:
            raise InvalidInput(
                f"{self.name[:80]!r} cannot be the name of a key",
                mend="use up to 63 lower-case letters, digits, '-' and '.'",
                field="name",
                value=self.name[:80],
            )
        if self.name in turn.views.keys:
            raise Conflict(
                f"there is or was a key '{self.name}', and usage is told by the names of keys",
                mend="choose another name",
                field="name",
                value=self.name,
            )
        if turn.views.current("Project", self.project) is None:
            raise no_document(turn.views, "Project", self.project)
        for service in self.terms.services:
            if turn.views.current("Service", service) is None:
                raise no_document(turn.views, "Service", service)
        if self.terms.access_class is not None:
            _check_class(self.terms.access_class, turn.views)
        if self.terms.expires is not None and self.terms.expires <= turn.at_s:
            raise InvalidInput(
                "the key would have expired before it was made",
                mend="name a time to come",
                field="expires",
                value=str(self.terms.expires),
            )


@dataclass(frozen=True, slots=True)
class RevokeKey:
    """A key is to open nothing any more."""

    name: str
    actor: str

    def decide(self, turn: Turn) -> Callable[[], None]:
        """See `Request.decide`; one that was revoked already leaves no record."""
        if _known(self.name, turn.views).revoked_at_s is None:
            turn.note(KeyRevoked(at_s=turn.at_s, name=self.name, actor=self.actor))
        return lambda: None


@dataclass(frozen=True, slots=True)
class LogContent:
    """What the calls of a key say is to be logged for its project, or no longer."""

    name: str
    on: bool
    actor: str

    def decide(self, turn: Turn) -> Callable[[], None]:
        """See `Request.decide`; what is so already leaves no record."""
        if _holding(self.name, turn.views).content != self.on:
            turn.note(
                KeyContentLogged(at_s=turn.at_s, name=self.name, on=self.on, actor=self.actor)
            )
        return lambda: None


def _check_class(name: str, views: Views) -> None:
    """Raise if there are charters, and none has the class; a site without one asks for none."""
    charters = [
        from_json(document_of(row)["document"]).spec
        for row in views.documents.values()
        if row.kind == "Charter" and row.current
    ]
    known = {
        item.name
        for charter in charters
        if isinstance(charter, Charter)
        for top in charter.classes
        for item in top.walk()
    }
    if known and name not in known:
        raise NotFound(
            f"no charter has a class '{name}'",
            mend=mend_of(name, sorted(known)),
            field="access_class",
            value=name,
        )


def _holding(name: str, views: Views) -> KeyRow:
    """The key.

    Raises:
        NotFound: There is none, or it was revoked.
    """
    row = _known(name, views)
    if row.revoked_at_s is not None:
        raise NotFound(f"key '{name}' was revoked", mend="see 'allod key list'")
    return row


def _known(name: str, views: Views) -> KeyRow:
    """The key, also one that was revoked.

    Raises:
        NotFound: There is none.
    """
    row = views.keys.get(name)
    if row is None:
        raise NotFound(f"there is no key '{name}'", mend="see 'allod key list'")
    return row


def _next_name(project: str, views: Views) -> str:
    """The first of 'PROJECT-1', 'PROJECT-2', ... that no key has or had."""
    number = 1 + sum(row.project == project for row in views.keys.values())
    while True:
        ending = f"-{number}"
        name = project[: _NAME_MAX - len(ending)] + ending
        if name not in views.keys:
            return name
        number += 1
