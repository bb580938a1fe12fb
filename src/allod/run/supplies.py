"""Supplies: who supplies each layer of an announced site, as its sovereignty statement has it."""

from __future__ import annotations

from collections.abc import Iterator

from allod.domain.holdings import WHOLE_BP, seat
from allod.domain.site import Role, Site
from allod.plan.concentration import ENERGY, UNKNOWN, Supply
from allod.plan.known import Known
from allod.prove.sovereignty.dependencies import dependencies
from allod.prove.sovereignty.facts import fact_base


def supplies_of(name: str, site: Site, known: Known) -> Iterator[Supply]:
    """Each layer of a site with its suppliers, from the chip to the owner; and its energy."""
    base = fact_base(name, site, known.parties, on=known.day)
    seats = {r.party: seat(r.party, known.parties).value or UNKNOWN for r in site.parties}
    vendors = tuple(sorted({r.party for r in site.parties if r.role is Role.VENDOR}))
    for item in dependencies(base, site):
        stated = any(party != UNKNOWN for party, _ in item.parties)
        named = vendors if item.layer == "chip" and not stated else ()
        yield Supply(name, item.layer, item.parties, item.countries, named, seats)
    sellers = tuple(sorted({r.party for r in site.parties if r.role is Role.ENERGY_SELLER}))
    nobody = ((UNKNOWN, WHOLE_BP),)
    yield Supply(name, ENERGY, nobody, nobody, sellers, seats)
