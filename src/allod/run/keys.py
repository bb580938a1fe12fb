"""The keys of a node's projects: by them callers of its services are known at the gateway."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Mapping

from allod.domain.project_key import KeyTerms
from allod.errors import NotFound
from allod.run.clock import Clock
from allod.run.controller import Controller
from allod.run.key_requests import LogContent, MakeKey, RevokeKey
from allod.run.key_rows import KeyView, key_view, terms_of
from allod.run.log import KeyRow, ViewReads

#: With this every secret begins, so that one that leaked is known for what it is.
SECRET_PREFIX = "sk-allod-"
_SECRET_BYTES = 32


class Keys:
    """Makes, lists and revokes keys; safe to use from several threads."""

    def __init__(self, controller: Controller, reads: ViewReads, clock: Clock) -> None:
        self._controller, self._reads, self._clock = controller, reads, clock
        #: Called when what gateways must know of keys has changed, once that is durable.
        self.changed: Callable[[], None] = lambda: None

    @property
    def rows(self) -> Mapping[str, KeyRow]:
        """All keys by name, revoked ones too: another object whenever one of them changes."""
        return self._controller.views.keys

    def make(
        self, project: str, terms: KeyTerms, *, name: str = "", actor: str = ""
    ) -> tuple[str, str]:
        """The name of a new key and its secret, which is told this once.

        Raises:
            NotFound: There is no such project, service or class.
            Conflict: The name was given to a key before.
            InvalidInput: The name cannot be one, or the key would have expired already.
        """
        secret = SECRET_PREFIX + secrets.token_urlsafe(_SECRET_BYTES)
        asked = MakeKey(name, project, _digest(secret), terms, actor)
        made: str = self._controller.ask(asked).result()
        self.changed()
        return made, secret

    def all(self, *, project: str = "", revoked: bool = False) -> list[KeyView]:
        """Keys by name, of one project or of all; those that were `revoked` too if asked for."""
        return [
            key_view(row)
            for row in self._reads.project_keys()
            if project in ("", row.project) and (revoked or row.revoked_at_s is None)
        ]

    def one(self, name: str) -> KeyView:
        """The key, revoked or not; NotFound if there is none."""
        for view in self.all(revoked=True):
            if view.name == name:
                return view
        raise NotFound(f"there is no key '{name}'", mend="see 'allod key list'")

    def holder(self, secret: str) -> KeyRow | None:
        """The key whose secret this is; None if there is none that still holds."""
        if not secret.startswith(SECRET_PREFIX):
            return None
        digest = _digest(secret)
        for row in self.rows.values():
            if row.sha256 == digest and row.revoked_at_s is None:
                ends_s = terms_of(row.terms).expires
                return row if ends_s is None or self._clock.now_s() < ends_s else None
        return None

    def revoke(self, name: str, *, actor: str = "") -> None:
        """The key opens nothing any more, again if need be; NotFound if there is none."""
        self._controller.ask(RevokeKey(name, actor)).result()
        self.changed()

    def log_content(self, name: str, on: bool, *, actor: str = "") -> None:
        """Have the content of its calls logged for its project from here on, or no longer."""
        self._controller.ask(LogContent(name, on, actor)).result()
        self.changed()


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
