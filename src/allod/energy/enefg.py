"""The German Energy Efficiency Act (EnEfG) of 13 November 2023: what section 11 asks of a year.

Versioned: a later act gets a list of its own. The ministerial draft of April 2026, which would
relax some limits, is not law and is not applied.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Literal

from allod.domain.meters import Quantity
from allod.domain.reporting import ReportingFacts
from allod.domain.units import instant_text
from allod.energy.account import Account, Total
from allod.energy.kpi import Kpi, erf, pue, ref, renewable
from allod.energy.numbers import at_least, at_most, fixed

RULES_VERSION: Final = "EnEfG of 13.11.2023 (BGBl. 2023 I Nr. 309), section 11"


def _day(year: int, month: int, day: int) -> int:
    return int(datetime(year, month, day, tzinfo=UTC).timestamp())


#: What begins to operate from here on is new. [epoch s]
NEW_FROM_S: Final = _day(2026, 7, 1)
#: A new data centre must reach its limits within so long of its start. [years]
NEW_YEARS: Final = 2


class Verdict(StrEnum):
    """How a test came out."""

    PASS = "pass"
    FAIL = "fail"
    NOT_DUE = "not due"  #: The limit does not bind for all of the period.
    NOT_TESTABLE = "not testable"  #: A figure lacks.


@dataclass(frozen=True, slots=True)
class Rule:
    """A limit on an indicator, for new or existing data centres, from an instant on."""

    section: str
    indicator: Literal["PUE", "ERF", "REF"]
    limit_milli: int  #: In thousandths; a PUE is at most it, the others at least.
    of: Literal["new", "existing", "all"]
    starts_from_s: int = 0  #: For new ones: those that begin to operate from here on,
    starts_until_s: int = 1 << 53  #: and before here. [epoch s]
    binds_from_s: int = 0  #: From when on it binds those that are not new. [epoch s]


#: Limits of section 11, subsections 1 to 5.
RULES: Final = (
    Rule("11(1) 1", "PUE", 1500, "existing", binds_from_s=_day(2027, 7, 1)),
    Rule("11(1) 2", "PUE", 1300, "existing", binds_from_s=_day(2030, 7, 1)),
    Rule("11(2) 1", "PUE", 1200, "new", NEW_FROM_S),
    Rule("11(2) 2", "ERF", 100, "new", NEW_FROM_S, _day(2027, 7, 1)),
    Rule("11(2) 2", "ERF", 150, "new", _day(2027, 7, 1), _day(2028, 7, 1)),
    Rule("11(2) 2", "ERF", 200, "new", _day(2028, 7, 1)),
    Rule("11(5) 1", "REF", 500, "all", binds_from_s=_day(2024, 1, 1)),
    Rule("11(5) 2", "REF", 1000, "all", binds_from_s=_day(2027, 1, 1)),
)


@dataclass(frozen=True, slots=True)
class Tested:
    """One rule and how the period stands to it."""

    rule: Rule
    verdict: Verdict
    value: str | None  #: The indicator, to three places.
    inputs: tuple[str, ...]
    why: tuple[str, ...]  #: What lacks, or from when on it binds.
    version: str = RULES_VERSION


def section_11(account: Account, facts: ReportingFacts) -> tuple[Tested, ...]:
    """The rules for a data centre of this age; those for all where its age is not said."""
    started_s = facts.started.value
    found = _indicators(account, facts)
    return tuple(
        _test(rule, found[rule.indicator], account, started_s)
        for rule in RULES
        if started_s is None or _is_of(rule, started_s)
    )


def _is_of(rule: Rule, started_s: int) -> bool:
    if rule.of == "all":
        return True
    if rule.of == "existing":
        return started_s < NEW_FROM_S
    return rule.starts_from_s <= started_s < rule.starts_until_s


def _indicators(account: Account, facts: ReportingFacts) -> dict[str, Kpi]:
    """PUE without the electricity of heat pumps for others, as section 3 has it; ERF; REF."""
    edc, (it, category) = account.all_energy(), account.it_energy()
    lifted = account.total(Quantity.HEAT_PUMP) if account.of(Quantity.HEAT_PUMP) else None
    own = edc
    if lifted is not None:
        minus = None if lifted.value is None else -lifted.value
        own = edc + Total(minus, "Wh", lifted.meters, lifted.missing)
    goo, ppa, made = renewable(account, facts)
    return {
        "PUE": pue(own, it, category),
        "ERF": erf(account.total(Quantity.HEAT_REUSED), edc),
        "REF": ref(goo + ppa + made, edc),
    }


def _test(rule: Rule, kpi: Kpi, account: Account, started_s: int | None) -> Tested:
    if started_s is None and rule.of != "all":
        return Tested(
            rule, Verdict.NOT_TESTABLE, None, kpi.inputs, ("'reporting.started' is not said",)
        )
    binds_s = rule.binds_from_s
    if rule.of == "new" and started_s is not None:
        binds_s = _years_later(started_s, NEW_YEARS)
    value = None if kpi.value is None else fixed(kpi.value, 3)
    if account.grid.start_s < binds_s:
        why = (f"binds periods that begin on {instant_text(binds_s)[:10]} or later",)
        return Tested(rule, Verdict.NOT_DUE, value, kpi.inputs, why)
    if kpi.value is None:
        return Tested(rule, Verdict.NOT_TESTABLE, None, kpi.inputs, kpi.missing)
    limit = rule.limit_milli / 1000
    met = at_most if rule.indicator == "PUE" else at_least
    kept = met(kpi.value, limit)
    return Tested(rule, Verdict.PASS if kept else Verdict.FAIL, value, kpi.inputs, ())


def _years_later(at_s: int, years: int) -> int:
    """The same day of the year, so many years on; 1 March after 29 February."""
    at = datetime.fromtimestamp(at_s, UTC)
    if (at.month, at.day) == (2, 29):
        at = at.replace(month=3, day=1)
    return int(at.replace(year=at.year + years).timestamp())
