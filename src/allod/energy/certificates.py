"""Certificates of origin, and a ledger in which each watt-hour of them is spent once.

A certificate says that a plant made so much energy in an interval; a consumption says that somebody
used so much in one. An allocation spends a part of the first on the second under a rule. Whole
watt-hours, so that sums are exact.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from allod.domain.supply import CARBON_FREE, RENEWABLE, Technology
from allod.energy.grid import HOUR_S
from allod.errors import Conflict, InvalidInput, NotFound

#: The shortest year; what is compared in years is compared in these. [s]
YEAR_S: Final = 365 * 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """So much energy of one plant in one interval, as a registry issued it."""

    certificate: str  #: Its id; unique in a ledger.
    technology: Technology
    zone: str  #: Bidding zone of the plant.
    starts_s: int  #: The interval of production. [epoch s]
    ends_s: int  #: [epoch s]
    energy_wh: int  #: [Wh]
    commissioned_s: int | None = None  #: When the plant began to produce; None: unknown. [epoch s]


@dataclass(frozen=True, slots=True, kw_only=True)
class Consumption:
    """So much energy that a claimant used in one interval."""

    consumption: str  #: Its id; unique in a ledger.
    claimant: str
    zone: str  #: Bidding zone of the load.
    starts_s: int  #: [epoch s]
    ends_s: int  #: [epoch s]
    energy_wh: int  #: [Wh]


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocation:
    """A part of a certificate, spent on a consumption."""

    certificate: str
    consumption: str
    energy_wh: int  #: [Wh]
    rule: str  #: Version of the rule under which it fits.


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What a certificate must be to cover a consumption; a version never changes what it says.

    `check` sees to it that neither reaches over more than one interval.
    """

    version: str
    source: str
    interval_s: int | None  #: Both lie in one such interval; None: one calendar year, UTC. [s]
    same_zone: bool
    technologies: frozenset[Technology]
    plant_age_max_s: int | None = None  #: Plant no older than this when it produced. [s]

    def blockers(self, certificate: Certificate, consumption: Consumption) -> tuple[str, ...]:
        """All that speaks against it, as names; what is not known speaks against it (L4)."""
        found = []
        if certificate.technology not in self.technologies:
            found.append("technology")
        if self.same_zone and certificate.zone != consumption.zone:
            found.append("zone")
        if self.window(certificate.starts_s) != self.window(consumption.starts_s):
            found.append("interval")
        if self.plant_age_max_s is not None:
            since = certificate.commissioned_s
            if since is None:
                found.append("commissioning-unknown")
            elif certificate.starts_s - since > self.plant_age_max_s:
                found.append("commissioning")
        return tuple(found)

    def window(self, at_s: int) -> int:
        """The interval in which an instant lies, numbered."""
        if self.interval_s is None:
            return datetime.fromtimestamp(at_s, UTC).year
        return at_s // self.interval_s

    def interval(self) -> str:
        """The interval in words."""
        return "calendar year" if self.interval_s is None else f"interval of {self.interval_s} s"

    def check(self, starts_s: int, ends_s: int, what: str) -> None:
        """Refuse an interval that is longer than the rule's, for nobody knows its inside.

        Raises:
            InvalidInput: It reaches over more than one.
        """
        if self.window(starts_s) != self.window(ends_s - 1):
            raise InvalidInput(
                f"{what} reaches over more than one {self.interval()}",
                mend=f"split it by the meter's readings; '{self.version}' asks for that",
            )


#: The calendar year, any zone: guarantees of origin as they are cancelled today.
ANNUAL: Final = Rule(
    version="goo-annual-2018",
    source="Directive (EU) 2018/2001, article 19: neither zone nor hour; Delegated Regulation (EU) "
    "2024/1364 reports by calendar year",
    interval_s=None,
    same_zone=False,
    technologies=RENEWABLE,
)
#: The hour and the zone: 24/7 carbon-free energy.
HOURLY: Final = Rule(
    version="hourly-same-zone-2021",
    source="Google, 24/7 Carbon-Free Energy: Methodologies and Metrics, 2021",
    interval_s=HOUR_S,
    same_zone=True,
    technologies=CARBON_FREE,
)
#: The quarter-hour, the zone, and a plant that is not old: a draft, not law.
DRAFT_2026: Final = Rule(
    version="eu-draft-2026-quarter-hourly",
    source="draft delegated act Ares(2026)3247482, March 2026; adoption not verified, and the "
    "age of a plant assumed as ten years",
    interval_s=900,
    same_zone=True,
    technologies=RENEWABLE,
    plant_age_max_s=10 * YEAR_S,
)
RULES: Final = {rule.version: rule for rule in (ANNUAL, HOURLY, DRAFT_2026)}


class Ledger:
    """Who holds what, and what was spent on what; nothing in it is ever spent twice."""

    def __init__(self) -> None:
        self._certificates: dict[str, Certificate] = {}
        self._consumptions: dict[str, Consumption] = {}
        self._left_wh: dict[str, int] = {}
        self._open_wh: dict[str, int] = {}
        self._allocations: list[Allocation] = []

    @property
    def allocations(self) -> tuple[Allocation, ...]:
        """All that was spent, in order."""
        return tuple(self._allocations)

    def issue(self, certificate: Certificate) -> None:
        """Enter a certificate.

        Raises:
            Conflict: One of that id was issued.
            InvalidInput: It has no energy, or ends before it starts.
        """
        key = certificate.certificate
        _check_amount(f"certificate '{key}'", certificate)
        if key in self._certificates:
            raise Conflict(f"certificate '{key}' is issued already", mend="issue each one once")
        self._certificates[key] = certificate
        self._left_wh[key] = certificate.energy_wh

    def consume(self, consumption: Consumption) -> None:
        """Enter a consumption.

        Raises:
            Conflict: One of that id is there.
            InvalidInput: It has no energy, or ends before it starts.
        """
        key = consumption.consumption
        _check_amount(f"consumption '{key}'", consumption)
        if key in self._consumptions:
            raise Conflict(f"consumption '{key}' is there already", mend="enter each one once")
        self._consumptions[key] = consumption
        self._open_wh[key] = consumption.energy_wh

    def left_wh(self, certificate: str) -> int:
        """What of a certificate is not spent. [Wh]"""
        return _of(self._left_wh, certificate, "certificate")

    def open_wh(self, consumption: str) -> int:
        """What of a consumption nothing covers. [Wh]"""
        return _of(self._open_wh, consumption, "consumption")

    def allocate(
        self, certificate: str, consumption: str, energy_wh: int, rule: Rule
    ) -> Allocation:
        """Spend `energy_wh` of a certificate on a consumption.

        Raises:
            NotFound: There is no such certificate or consumption.
            Conflict: So much is not left of the one, or not open in the other.
            InvalidInput: The amount is none, or the rule says no; all its reasons are given.
        """
        left, asked = self.left_wh(certificate), self.open_wh(consumption)
        if energy_wh < 1:
            raise InvalidInput(f"an allocation of {energy_wh} Wh", mend="give 1 or more")
        origin, use = self._certificates[certificate], self._consumptions[consumption]
        rule.check(origin.starts_s, origin.ends_s, f"certificate '{certificate}'")
        rule.check(use.starts_s, use.ends_s, f"consumption '{consumption}'")
        if blockers := rule.blockers(origin, use):
            raise InvalidInput(
                f"certificate '{certificate}' does not cover '{consumption}' under "
                f"'{rule.version}': {', '.join(blockers)}"
            )
        if energy_wh > left:
            raise Conflict(f"{left} Wh are left of certificate '{certificate}', not {energy_wh}")
        if energy_wh > asked:
            raise Conflict(f"{asked} Wh of '{consumption}' are open, not {energy_wh}")
        return self._spend(certificate, consumption, energy_wh, rule)

    def settle(self, rule: Rule, claimants: Iterable[str] | None = None) -> tuple[Allocation, ...]:
        """Spend all that fits, consumption after consumption as they were entered.

        Among certificates that fit, those of the oldest production go first, then by id, so that
        the same ledger always settles alike. For one claimant in one zone nothing better exists;
        between claimants it is first come, first served.

        Raises:
            InvalidInput: A certificate or consumption is longer than the rule's interval.
        """
        who = None if claimants is None else frozenset(claimants)
        shelves = self._shelves(rule)
        made = []
        for key, use in self._consumptions.items():
            if who is not None and use.claimant not in who:
                continue
            rule.check(use.starts_s, use.ends_s, f"consumption '{key}'")
            shelf = shelves[rule.window(use.starts_s)]
            while shelf and not self._left_wh[shelf[0].certificate]:
                shelf.popleft()
            for origin in shelf:
                if not self._open_wh[key]:
                    break
                energy_wh = min(self._left_wh[origin.certificate], self._open_wh[key])
                if energy_wh and not rule.blockers(origin, use):
                    made.append(self._spend(origin.certificate, key, energy_wh, rule))
        return tuple(made)

    def covered_wh(self, claimant: str) -> int:
        """What of a claimant's consumption is covered. [Wh]"""
        return sum(
            item.energy_wh
            for item in self._allocations
            if self._consumptions[item.consumption].claimant == claimant
        )

    def _shelves(self, rule: Rule) -> dict[int, deque[Certificate]]:
        """The certificates by interval, oldest production first."""
        shelves: dict[int, deque[Certificate]] = defaultdict(deque)
        oldest = sorted(
            self._certificates.values(), key=lambda origin: (origin.starts_s, origin.certificate)
        )
        for origin in oldest:
            rule.check(origin.starts_s, origin.ends_s, f"certificate '{origin.certificate}'")
            shelves[rule.window(origin.starts_s)].append(origin)
        return shelves

    def _spend(self, certificate: str, consumption: str, energy_wh: int, rule: Rule) -> Allocation:
        self._left_wh[certificate] -= energy_wh
        self._open_wh[consumption] -= energy_wh
        made = Allocation(
            certificate=certificate,
            consumption=consumption,
            energy_wh=energy_wh,
            rule=rule.version,
        )
        self._allocations.append(made)
        return made


def _of(amounts: dict[str, int], key: str, what: str) -> int:
    if key not in amounts:
        raise NotFound(f"there is no {what} '{key}'")
    return amounts[key]


def _check_amount(what: str, item: Certificate | Consumption) -> None:
    if item.energy_wh < 1:
        raise InvalidInput(f"{what} has {item.energy_wh} Wh", mend="give 1 or more, in whole Wh")
    if item.ends_s <= item.starts_s:
        raise InvalidInput(f"{what} ends at {item.ends_s} s, before it starts")
