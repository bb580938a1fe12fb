"""Dependencies: who supplies each layer, from which country, and how concentrated that is.

Shares of a layer come from the site's declarations; those of the owner from the documents of the
parties, up to the ends of the chains. What is not known is a share of its own, never left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from allod.domain.fact import Fact
from allod.domain.foreign_share import foreign_holders
from allod.domain.holdings import WHOLE_BP, holdings, open_bp, rest_bp, seat
from allod.domain.party import Holding, Party
from allod.domain.site import Role, Site
from allod.domain.vocabulary import LAYERS
from allod.prove.sovereignty.evaluate import ownership_grade
from allod.prove.sovereignty.facts import FactBase
from allod.prove.sovereignty.grade import Grade, grade_of, weakest

OWNER = "owner"
#: Stands for a party or country that is not known.
UNKNOWN = "?"
#: Begins the name of owners of a party who are so many that none of them controls.
SMALL_HANDS = "small hands of "

#: Two countries that stand for 'an end of the chain' and 'on the way to one'.
_END, _WAY = "AQ", "BV"
_REST = ".rest"  #: Ends the name of a party that stands for such owners.


@dataclass(frozen=True, slots=True)
class Dependency:
    """One layer: its suppliers, and the largest country and party. Shares in basis points."""

    layer: str
    parties: tuple[tuple[str, int], ...]  #: By share, the largest first; '?' what is not known.
    countries: tuple[tuple[str, int], ...]  #: The same by the seats of the parties.
    grade: Grade
    note: str = ""

    @property
    def largest_party(self) -> tuple[str, int]:
        """The party with the largest share that is known, '?' and 0 if there is none."""
        return _largest(self.parties)

    @property
    def largest_country(self) -> tuple[str, int]:
        """The country with the largest share that is known, '?' and 0 if there is none."""
        return _largest(self.countries)

    @property
    def unknown_bp(self) -> int:
        """The share of which the country is not known. [basis points]"""
        return dict(self.countries).get(UNKNOWN, 0)

    def within_bp(self, countries: frozenset[str]) -> int:
        """The share that is known to come from `countries`. [basis points]"""
        return sum(share for country, share in self.countries if country in countries)


def dependencies(base: FactBase, site: Site) -> tuple[Dependency, ...]:
    """All layers, from the chip to the owner."""
    return (*(_layer(layer, base, site) for layer in LAYERS), _owner(base))


def _largest(shares: tuple[tuple[str, int], ...]) -> tuple[str, int]:
    known = (item for item in shares if item[0] != UNKNOWN and not item[0].startswith(SMALL_HANDS))
    return next(known, (UNKNOWN, 0))


def _layer(layer: str, base: FactBase, site: Site) -> Dependency:
    stated = base.of(f"layer-{layer}")
    if not isinstance(stated.value, tuple):
        unknown = ((UNKNOWN, WHOLE_BP),)
        return Dependency(layer, unknown, unknown, Grade.UNKNOWN, _vendors(site, base))
    shares = {str(part[0]): int(part[1]) for part in stated.value}
    grades = [stated.grade]
    for party in shares:
        where = seat(party, base.parties)
        grades += [grade_of(where.standing)] if where.known else []
    return _dependency(layer, shares, base, weakest(*grades))


def _vendors(site: Site, base: FactBase) -> str:
    """Vendors that the document names without a layer: a hint, not a fact about one."""
    names = sorted({role.party for role in site.parties if role.role is Role.VENDOR})
    shown = (f"{name} ({seat(name, base.parties).value or UNKNOWN})" for name in names)
    text = ", ".join(shown)
    return f"vendors named, for no layer: {text}" if text else ""


def _dependency(layer: str, shares: Mapping[str, int], base: FactBase, grade: Grade) -> Dependency:
    """The layer of `shares` by party; what is left is unknown."""
    parties = dict(shares)
    left = WHOLE_BP - sum(parties.values())
    if left:
        parties[UNKNOWN] = parties.get(UNKNOWN, 0) + left
    countries: dict[str, int] = {}
    for party, share in parties.items():
        # The register and the meeting of a company with small holders are under its own law.
        country = seat(party.removeprefix(SMALL_HANDS), base.parties).value or UNKNOWN
        countries[country] = countries.get(country, 0) + share
    return Dependency(layer, _by_share(parties), _by_share(countries), grade)


def _by_share(shares: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple(sorted(shares.items(), key=lambda item: (-item[1], item[0])))


def _owner(base: FactBase) -> Dependency:
    """The owners at the ends of the chains; rounded down, so that what is cut off is unknown."""
    operator = base.operator.value
    if operator is None or operator not in base.parties:
        unknown = ((UNKNOWN, WHOLE_BP),)
        missing = f"Party/{operator}" if operator else "operator"
        return Dependency(OWNER, unknown, unknown, Grade.UNKNOWN, f"not known: {missing}")
    held = foreign_holders(operator, frozenset({_WAY}), _marked(operator, base.parties))
    ends: dict[str, int] = {}
    for end, share in held.items():
        name = f"{SMALL_HANDS}{end.removesuffix(_REST)}" if end.endswith(_REST) else end
        ends[name] = int(share * WHOLE_BP)
    ends = {name: share for name, share in ends.items() if share}
    grade = ownership_grade(base) if ends else Grade.UNKNOWN
    return _dependency(OWNER, ends, base, grade)


def _marked(operator: str, parties: Mapping[str, Party]) -> dict[str, Party]:
    """`parties` with seats that say only whether a chain of owners ends there.

    It ends at a party without listed owners, and at the small hands of a dispersed rest, which get
    a party of their own. A rest that is in hands not known stays open.
    """
    named = {holding.party for name in parties for holding in holdings(name, parties)}
    marked: dict[str, Party] = {}
    for name in sorted({*parties, *named}):
        there = parties.get(name)
        if there is None or (not there.owners and name != operator):
            marked[name] = Party(title=name, seat=Fact(value=_END))
            continue
        owners = there.owners
        rest = rest_bp(name, parties)
        if rest and not open_bp(name, parties):
            marked[f"{name}{_REST}"] = Party(title=name, seat=Fact(value=_END))
            owners += (Holding(party=f"{name}{_REST}", share_bp=Fact(value=rest)),)
        marked[name] = there.model_copy(update={"seat": Fact(value=_WAY), "owners": owners})
    return marked
