"""Chain: who owns and controls the parties of a site, up to the last owner that is known."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from allod.domain.control import ControlFinding, controllers
from allod.domain.foreign_share import ForeignShare, foreign_share
from allod.domain.holdings import WHOLE_BP, Parties, holdings, open_bp, rest_bp, seat
from allod.domain.site import Role, Site

#: Roles through which a party may reach a site; vendors and sellers of energy deliver to it.
_COUNTED = (Role.OWNER, Role.OPERATOR, Role.DEVELOPER, Role.ANCHOR_TENANT)
UNKNOWN = "?"  #: A country, party or share that is not known.


@dataclass(frozen=True, slots=True)
class Held:
    """A share of a party in the hands of another, or in hands not known."""

    party: str
    owner: str  #: '?' if it is not known, '' if so many hold it that none controls.
    share_bp: int | None
    standing: str
    source: str
    depth: int  #: Steps from the party that was asked about; 1 are its own owners.


@dataclass(frozen=True, slots=True)
class Controlled:
    """One party of a site: its roles, who is in control of it, and how foreign that is."""

    party: str
    title: str
    seat: str
    roles: tuple[str, ...]
    control: ControlFinding
    foreign: ForeignShare
    held: tuple[Held, ...]

    @property
    def laws(self) -> tuple[str, ...]:
        """Seats of all that are known to be in control, the party itself included."""
        return tuple(sorted({one.seat.value or UNKNOWN for one in self.control.controllers}))


def controlled(site: Site, parties: Parties, home: frozenset[str]) -> tuple[Controlled, ...]:
    """The parties of `site` that own, run, build or fill it, by role; `home` is no foreign land."""
    named: dict[str, list[str]] = {}
    if site.operator.value:
        named[site.operator.value] = [Role.OPERATOR.value]
    ordered = sorted(site.parties, key=lambda role: list(Role).index(role.role))
    for role in ordered:
        if role.role in _COUNTED and role.role.value not in named.setdefault(role.party, []):
            named[role.party].append(role.role.value)
    return tuple(_controlled(name, roles, parties, home) for name, roles in named.items())


def _controlled(
    name: str, roles: Iterable[str], parties: Parties, home: frozenset[str]
) -> Controlled:
    return Controlled(
        party=name,
        title=parties[name].title if name in parties else name,
        seat=seat(name, parties).value or UNKNOWN,
        roles=tuple(roles),
        control=controllers(name, parties),
        foreign=foreign_share(name, home, parties),
        held=held(name, parties),
    )


def held(party: str, parties: Parties) -> tuple[Held, ...]:
    """All shares on the way up from `party`, nearest first; what is not known has a row too."""
    found: list[Held] = []
    queue, seen = deque([(party, 1)]), {party}
    while queue:
        name, depth = queue.popleft()
        for item in holdings(name, parties):
            share = item.share_bp
            found.append(Held(name, item.party, share.value, share.standing, share.source, depth))
            if item.party not in seen:
                seen.add(item.party)
                queue.append((item.party, depth + 1))
        found += _rest(name, depth, parties)
    return tuple(found)


def _rest(name: str, depth: int, parties: Parties) -> list[Held]:
    """What the listed owners leave: to hands not known, or to many small ones."""
    left = rest_bp(name, parties)
    listed = any(True for _ in holdings(name, parties))
    if name not in parties or not left:
        return []
    if not listed and not open_bp(name, parties):
        return []  # The chain ends here: a state, or a company that nobody commands.
    if open_bp(name, parties):
        unknown_shares = any(not item.share_bp.known for item in holdings(name, parties))
        if unknown_shares:
            return []  # Those who are listed without a share may hold it.
        return [Held(name, UNKNOWN, left if listed else WHOLE_BP, "unknown", "", depth)]
    return [Held(name, "", left, str(parties[name].dispersed.standing), "", depth)]
