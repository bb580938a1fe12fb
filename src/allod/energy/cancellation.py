"""Certificates spent on what a site drew from the grid, under a rule, and never a second time.

What was spent before, by whichever site and for whichever time, is entered in the ledger first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from allod.domain.units import instant_text
from allod.energy.certificates import (
    ANNUAL,
    DRAFT_2026,
    HOURLY,
    RULES,
    Certificate,
    Consumption,
    Ledger,
    Rule,
)
from allod.energy.grid import Grid, Values
from allod.errors import AllodError, Conflict, InvalidInput

#: The rule by which certificates are cancelled today: what it spends is spent.
IN_FORCE: Final = ANNUAL
#: Rules that only tell what the same certificates would cover.
OTHERS: Final = (HOURLY, DRAFT_2026)


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A part of a certificate, and on whose use of which time it was spent."""

    certificate: str
    claimant: str
    zone: str  #: Bidding zone of the claimant's load.
    starts_s: int  #: Of the time in which it was used. [epoch s]
    ends_s: int  #: [epoch s]
    energy_wh: int  #: [Wh]
    rule: str  #: Version of the rule.


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """What certificates cover under one rule; without `covered_wh`, `why` says what hinders."""

    rule: Rule
    covered_wh: Values | None  #: Of what came from the grid; (steps,). [Wh per step]
    spent: tuple[Spent, ...] = ()  #: All of this claimant and time, what was spent before included.
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What a claimant drew from the grid."""

    claimant: str
    zone: str  #: Bidding zone.
    grid: Grid
    import_wh: Values  #: (steps,). [Wh per step]


def cancel(use: Use, certificates: Sequence[Certificate], earlier: Sequence[Spent]) -> Covered:
    """Spend certificates on `use` under the rule in force.

    What was spent on the same use before stays so, and the rest is added.

    Raises:
        Conflict: A certificate is given twice, or more was spent than it has or than was used, or
            the same claimant's use was covered over a time that only overlaps this one.
        InvalidInput: A certificate is longer than the rule's interval, or an earlier spending does
            not keep to its rule.
    """
    return _settled(use, certificates, earlier, IN_FORCE)


def would_cover(
    use: Use, certificates: Sequence[Certificate], earlier: Sequence[Spent], rule: Rule
) -> Covered:
    """What the same certificates would cover under another rule; nothing is spent."""
    others = [one for one in earlier if not _is_own(one, use)]
    try:
        made = _settled(use, certificates, others, rule)
    except AllodError as error:
        return Covered(rule=rule, covered_wh=None, why=error.message)
    return Covered(rule=rule, covered_wh=made.covered_wh)


def _settled(
    use: Use, certificates: Sequence[Certificate], earlier: Sequence[Spent], rule: Rule
) -> Covered:
    windows = _windows(use.grid, rule)
    firsts = np.flatnonzero(np.r_[True, windows[1:] != windows[:-1]])
    drawn_wh = np.add.reduceat(use.import_wh, firsts)
    if np.isnan(drawn_wh).any():
        raise InvalidInput("what came from the grid is not known in each step")
    ledger = Ledger()
    for certificate in certificates:
        ledger.issue(certificate)
    uses = _entered(ledger, use, firsts, drawn_wh)
    _restored(ledger, use, {one.certificate for one in certificates}, earlier, uses)
    ledger.settle(rule, [use.claimant])
    part, some = np.zeros(len(firsts)), drawn_wh >= 1
    part[some] = [one.energy_wh - ledger.open_wh(key) for key, one in uses.items()]
    part[some] /= drawn_wh[some]
    lengths = np.diff([*firsts.tolist(), use.grid.steps])
    return Covered(
        rule=rule,
        covered_wh=use.import_wh * np.repeat(part, lengths),
        spent=_spent(ledger, use, uses),
    )


def _windows(grid: Grid, rule: Rule) -> NDArray[np.int64]:
    """The rule's interval in which each step lies, numbered; (steps,)."""
    if rule.interval_s is not None and grid.step_s > rule.interval_s:
        raise InvalidInput(f"not testable at steps of {grid.step_s} s")
    times_s = grid.times_s()
    if rule.interval_s is not None:
        return np.asarray(times_s // rule.interval_s)
    return times_s.astype("datetime64[s]").astype("datetime64[Y]").astype(np.int64)


def _entered(
    ledger: Ledger, use: Use, firsts: NDArray[np.int64], drawn_wh: Values
) -> dict[str, Consumption]:
    """Whole watt-hours of each window, rounded down: what is covered is never more than used."""
    times_s = use.grid.times_s()
    starts = times_s[firsts].tolist()
    ends = [*starts[1:], use.grid.end_s]
    made = {}
    for start_s, end_s, energy_wh in zip(starts, ends, drawn_wh.tolist(), strict=True):
        if energy_wh < 1:
            continue
        key = _key(use.claimant, start_s, end_s)
        made[key] = Consumption(
            consumption=key,
            claimant=use.claimant,
            zone=use.zone,
            starts_s=start_s,
            ends_s=end_s,
            energy_wh=int(energy_wh),
        )
        ledger.consume(made[key])
    return made


def _restored(
    ledger: Ledger,
    use: Use,
    there: set[str],
    earlier: Sequence[Spent],
    uses: dict[str, Consumption],
) -> None:
    """Enter what was spent before on this use, and what others took of the same certificates."""
    sums: dict[str, Consumption] = {}
    kept = []
    for one in earlier:
        key, own = _key(one.claimant, one.starts_s, one.ends_s), _is_own(one, use)
        if own and key not in uses:
            raise Conflict(
                f"certificate '{one.certificate}' was spent on {key}, which overlaps this time "
                "and is not the same",
                mend="ask for the same time, or keep the allocations of each in a file of its own",
            )
        if own or one.certificate in there:
            kept.append((key, one))
        if not own and one.certificate in there:
            sums[key] = _more(sums.get(key), key, one)
    for consumption in sums.values():
        ledger.consume(consumption)
    for key, one in kept:
        if (rule := RULES.get(one.rule)) is None:
            raise InvalidInput(f"there is no rule '{one.rule}'", mend=f"write {', '.join(RULES)}")
        ledger.allocate(one.certificate, key, one.energy_wh, rule)


def _more(before: Consumption | None, key: str, one: Spent) -> Consumption:
    """The use of another claimant or time, as far as we know that certificates cover it."""
    return Consumption(
        consumption=key,
        claimant=one.claimant,
        zone=one.zone,
        starts_s=one.starts_s,
        ends_s=one.ends_s,
        energy_wh=one.energy_wh + (before.energy_wh if before else 0),
    )


def _spent(ledger: Ledger, use: Use, uses: dict[str, Consumption]) -> tuple[Spent, ...]:
    found: dict[tuple[str, str], Spent] = {}
    for made in ledger.allocations:
        if (use_of := uses.get(made.consumption)) is None:
            continue
        place = (made.certificate, made.consumption)
        before = found[place].energy_wh if place in found else 0
        found[place] = Spent(
            certificate=made.certificate,
            claimant=use.claimant,
            zone=use.zone,
            starts_s=use_of.starts_s,
            ends_s=use_of.ends_s,
            energy_wh=before + made.energy_wh,
            rule=made.rule,
        )
    return tuple(found.values())


def _is_own(one: Spent, use: Use) -> bool:
    """Whether it was spent on the same claimant's use of a time that overlaps this one."""
    overlaps = one.starts_s < use.grid.end_s and use.grid.start_s < one.ends_s
    return one.claimant == use.claimant and overlaps


def _key(claimant: str, starts_s: int, ends_s: int) -> str:
    return f"{claimant}'s use of {instant_text(starts_s)} to {instant_text(ends_s)}"
