"""Requests of the administrator: who may use the node."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from allod.errors import Conflict, InvalidInput, NotFound
from allod.run.node_views import Role
from allod.run.records import TokenMade, TokenRevoked
from allod.run.requests import Turn


@dataclass(frozen=True, slots=True)
class MakeToken:
    """A secret with this digest is to open the node."""

    name: str
    role: Role
    sha256: bytes
    actor: str

    def decide(self, turn: Turn) -> Callable[[], None]:
        """See `Request.decide`."""
        if not self.name.isprintable() or not 1 <= len(self.name) <= 64:
            raise InvalidInput(
                f"{self.name[:80]!r} cannot be the name of a token", mend="use up to 64 characters"
            )
        before = turn.views.tokens.get(self.name)
        if before is not None and before.revoked_at_s is None:
            raise Conflict(
                f"there is a token '{self.name}' already", mend="remove it or choose another name"
            )
        turn.note(
            TokenMade(
                at_s=turn.at_s,
                name=self.name,
                role=self.role.value,
                sha256=self.sha256.hex(),
                actor=self.actor,
            )
        )
        return lambda: None


@dataclass(frozen=True, slots=True)
class RevokeToken:
    """A token is to open nothing any more."""

    name: str
    actor: str

    def decide(self, turn: Turn) -> Callable[[], None]:
        """See `Request.decide`."""
        before = turn.views.tokens.get(self.name)
        if before is None or before.revoked_at_s is not None:
            raise NotFound(f"there is no token '{self.name}'")
        turn.note(TokenRevoked(at_s=turn.at_s, name=self.name, actor=self.actor))
        return lambda: None
