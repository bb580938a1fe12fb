"""Concentration: on whom sites depend, layer by layer, and what the loss of one would take away.

The index is the Herfindahl-Hirschman index: the sum of the squares of the shares in percent, 0 to
10,000; above 2,500 a market counts as highly concentrated (US Department of Justice and Federal
Trade Commission, Horizontal Merger Guidelines 2010, section 5.3). What is not known makes a range:
at least as if it were in countless hands, at most as if it were all in the largest.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

WHOLE_BP = 10_000
UNKNOWN = "?"  #: Stands for what is not known among parties and countries.
ENERGY = "energy"

Shares = tuple[tuple[str, int], ...]  #: By name; basis points.


@dataclass(frozen=True, slots=True)
class Supply:
    """Who supplies one layer of one site. Shares add up to all of it, '?' included."""

    site: str
    layer: str
    parties: Shares
    countries: Shares  #: The same by the seats of the parties.
    named: tuple[str, ...] = ()  #: Parties that are named without a share.
    seats: Mapping[str, str] = field(default_factory=dict)  #: Of those that are named.


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer over all sites, each site with the same weight."""

    layer: str  #: From 'chip' to 'owner', and 'energy'.
    sites: int  #: All. [1]
    known_sites: int  #: Of which something is known. [1]
    parties: Shares  #: Mean shares, the largest first; '?' what is not known. [basis points]
    countries: Shares  #: The same by the seats of the parties. [basis points]
    party_index: tuple[int, int]  #: Herfindahl-Hirschman, at least and at most. [0 to 10,000]
    country_index: tuple[int, int]  #: The same by country. [0 to 10,000]
    named: tuple[str, ...]  #: Parties that are named without a share.


@dataclass(frozen=True, slots=True)
class Loss:
    """What would be gone if one vendor or country no longer supplied."""

    name: str  #: Of the party or country.
    by_layer: Mapping[str, tuple[str, ...]]  #: Sites that have some of the layer from it.
    wholly: Mapping[str, tuple[str, ...]]  #: Sites that have all of the layer from it.
    open: Mapping[str, int]  #: Sites of which the layer's supplier is not, or not wholly, known.


def index(shares: Iterable[tuple[str, int]]) -> tuple[int, int]:
    """The Herfindahl-Hirschman index of shares in basis points, at least and at most."""
    known = [bp for name, bp in shares if name != UNKNOWN]
    left = WHOLE_BP - sum(known)
    least = sum(bp * bp for bp in known)
    largest = max(known, default=0)
    most = least - largest * largest + (largest + left) * (largest + left)
    return least // WHOLE_BP, -(-most // WHOLE_BP)


def layers(supplies: Sequence[Supply]) -> tuple[Layer, ...]:
    """Each layer over all sites, in the order in which layers first come."""
    names = dict.fromkeys(supply.layer for supply in supplies)
    return tuple(_layer(name, [s for s in supplies if s.layer == name]) for name in names)


def _layer(name: str, supplies: Sequence[Supply]) -> Layer:
    parties = _mean([supply.parties for supply in supplies])
    countries = _mean([supply.countries for supply in supplies])
    return Layer(
        layer=name,
        sites=len(supplies),
        known_sites=sum(any(party != UNKNOWN for party, _ in s.parties) for s in supplies),
        parties=parties,
        countries=countries,
        party_index=index(parties),
        country_index=index(countries),
        named=tuple(sorted({party for supply in supplies for party in supply.named})),
    )


def _mean(all_shares: Sequence[Shares]) -> Shares:
    """The mean over sites; what rounding cuts off is unknown, so that all adds up."""
    sums: dict[str, int] = {}
    for shares in all_shares:
        for name, bp in shares:
            sums[name] = sums.get(name, 0) + bp
    mean = {name: total // len(all_shares) for name, total in sums.items() if name != UNKNOWN}
    left = WHOLE_BP - sum(mean.values())
    if left:
        mean[UNKNOWN] = left
    return tuple(sorted(mean.items(), key=lambda item: (-item[1], item[0])))


def loss(supplies: Sequence[Supply], name: str) -> Loss:
    """What the loss of `name`, a party or a country, would take away."""
    some: dict[str, list[str]] = {}
    whole: dict[str, list[str]] = {}
    unclear: dict[str, int] = {}
    for supply in supplies:
        share = dict(supply.parties).get(name, 0) or dict(supply.countries).get(name, 0)
        if share or name in (*supply.named, *(supply.seats.get(one) for one in supply.named)):
            some.setdefault(supply.layer, []).append(supply.site)
        if share == WHOLE_BP:
            whole.setdefault(supply.layer, []).append(supply.site)
        if any(party == UNKNOWN for party, _ in (*supply.parties, *supply.countries)):
            unclear[supply.layer] = unclear.get(supply.layer, 0) + 1
    return Loss(name, _frozen(some), _frozen(whole), unclear)


def _frozen(lists: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {layer: tuple(sorted(sites)) for layer, sites in lists.items()}
