"""Control in law: what a rule has against those who own a site's operator (L2, L4)."""

from __future__ import annotations

from collections.abc import Iterator

from allod.decide.rule import Rule, fact_unknown, law_reason, written
from allod.domain.areas import expand
from allod.domain.control import Controller, controllers
from allod.domain.decision import Reason
from allod.domain.fact import Standing
from allod.domain.foreign_share import foreign_share
from allod.domain.holdings import Parties, UnknownFact, weakest
from allod.domain.residency import Control
from allod.domain.site import Site


def control_reasons(
    rule: Rule, control: Control, site_name: str, site: Site, parties: Parties
) -> Iterator[Reason]:
    """What the chain of shares over the operator has against it."""
    asks_seats = control.within is not None or bool(control.excluded)
    limit_bp = control.foreign_share_max_bp
    if not asks_seats and limit_bp is None:
        return
    operator = site.operator
    if operator.value is None:
        fact = UnknownFact(f"Site/{site_name}: spec.operator", "the operator is not known")
        yield fact_unknown(rule, site_name, fact, _needed(control))
        return
    if asks_seats:
        finding = controllers(operator.value, parties)
        for fact in finding.unknown:
            yield fact_unknown(rule, site_name, fact, _needed(control))
        for controller in finding.controllers:
            standing = weakest(operator.standing, controller.standing)
            yield from _seat_reasons(rule, control, site_name, controller, standing)
    if limit_bp is not None:
        yield from _share_reasons(rule, control, limit_bp, site_name, site, parties)


def _seat_reasons(
    rule: Rule, control: Control, site_name: str, controller: Controller, standing: Standing
) -> Iterator[Reason]:
    country = controller.seat.value
    if country is None:
        return  # Named among the finding's unknown facts.
    assumed = " (assumed)" if standing is Standing.ASSUMED else ""
    operator, *above = controller.chain
    role = f"is in control of operator {operator}" if above else "is the operator"
    through = f" through {', '.join(reversed(above[:-1]))}" if above[:-1] else ""
    clause = f"{controller.party} of {country}{assumed} {role}{through}"
    actual = f"{controller.party}, {country} ({standing.value})"
    if control.within is not None and country not in expand(control.within):
        within = written(control.within)
        yield law_reason(
            rule,
            site_name,
            code="control-not-permitted",
            clause=clause,
            permits=f"permits control from {within}",
            needed=f"control within {within}",
            actual=actual,
        )
    if country in expand(control.excluded):
        excluded = written(control.excluded)
        yield law_reason(
            rule,
            site_name,
            code="control-excluded",
            clause=clause,
            permits=f"excludes control from {excluded}",
            needed=f"no control from {excluded}",
            actual=actual,
        )


def _share_reasons(
    rule: Rule, control: Control, limit_bp: int, site_name: str, site: Site, parties: Parties
) -> Iterator[Reason]:
    operator = site.operator.value or ""
    assert control.within is not None, "a rule on foreign shares says what is foreign"
    share = foreign_share(operator, expand(control.within), parties)
    needed = _foreign_needed(control, limit_bp)
    if share.known_bp > limit_bp:
        is_assumed = bool(share.assumed) or site.operator.standing is Standing.ASSUMED
        assumed = " (assumed)" if is_assumed else ""
        outside = f"outside {written(control.within)}"
        yield law_reason(
            rule,
            site_name,
            code="foreign-share-over-limit",
            clause=f"{share.known_bp} basis points of operator {operator} are {outside}{assumed}",
            permits=f"permits {limit_bp}",
            needed=needed,
            actual=f"{operator}, {share.known_bp} bp{assumed}",
        )
    elif share.possible_bp > limit_bp:
        for fact in share.unknown:
            yield fact_unknown(rule, site_name, fact, needed)


def assumed_in_control(control: Control, operator: str, parties: Parties) -> Iterator[str]:
    """Paths of the facts on owners that `control` asks for and a scenario filled in."""
    if control.within is not None or control.excluded:
        yield from controllers(operator, parties).assumed
    if control.within is not None and control.foreign_share_max_bp is not None:
        yield from foreign_share(operator, expand(control.within), parties).assumed


def _needed(control: Control) -> str:
    parts = []
    if control.within is not None:
        parts.append(f"control within {written(control.within)}")
    if control.excluded:
        parts.append(f"no control from {written(control.excluded)}")
    if control.foreign_share_max_bp is not None and not parts:
        parts.append(_foreign_needed(control, control.foreign_share_max_bp))
    return "; ".join(parts)


def _foreign_needed(control: Control, limit_bp: int) -> str:
    outside = f" outside {written(control.within)}" if control.within is not None else " abroad"
    return f"at most {limit_bp} bp held{outside}"
