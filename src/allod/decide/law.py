"""Law: which rules bind a workload, and all that stands between them and a site (L1-L4, L6, L7).

Every reason of this file is for ever: waiting changes no law, only new facts or documents do.
"""

from __future__ import annotations

from collections.abc import Iterator

from allod.decide.law_control import assumed_in_control, control_reasons
from allod.decide.rule import (
    VERBS,
    Rule,
    Verb,
    fact_unknown,
    in_order,
    inherited_rules,
    law_reason,
    rule_unknown,
    rules_of,
    written,
)
from allod.domain.areas import expand
from allod.domain.decision import Reason, Step
from allod.domain.fact import Standing
from allod.domain.holdings import Parties, UnknownFact
from allod.domain.site import Site
from allod.domain.workload import Workload

__all__ = [
    "VERBS",
    "Rule",
    "Verb",
    "assumed_facts",
    "facts_asked",
    "in_order",
    "inherited_rules",
    "law_reasons",
    "may_leave",
    "narrowing_reasons",
    "rules_of",
]

_WOULD_BE = {
    "storage": "storage would be in",
    "processing": "processing would be in",
    "management": "management would be from",
    "metadata": "metadata would be kept in",
}


def law_reasons(
    rules: tuple[Rule, ...], site_name: str, site: Site, parties: Parties
) -> tuple[Reason, ...]:
    """All that law has against `site`, sorted; empty if it permits it (L1, L6)."""
    reasons: set[Reason] = set()
    for rule in rules:
        if rule.residency is None:
            reasons.add(rule_unknown(rule, site_name))
            continue
        for verb in VERBS:
            places = getattr(rule.residency, verb)
            if places is not None:
                reasons.update(_place_reasons(rule, verb, places, site_name, site))
        if rule.residency.control is not None:
            reasons.update(control_reasons(rule, rule.residency.control, site_name, site, parties))
    return in_order(reasons)


def may_leave(rules: tuple[Rule, ...], verb: Verb, country: str) -> tuple[Reason, ...]:
    """All that law has against telling something about a workload to a place in `country` (L7).

    `verb` says what is done with it there: what is only logged or shown is 'metadata'.
    """
    reasons: set[Reason] = set()
    for rule in rules:
        if rule.residency is None:
            reasons.add(rule_unknown(rule, ""))
            continue
        places = getattr(rule.residency, verb)
        if places is not None and country not in expand(places):
            reasons.add(_not_permitted(rule, verb, places, "", country, Standing.DECLARED))
    return in_order(reasons)


def narrowing_reasons(workload: Workload, site_name: str) -> tuple[Reason, ...]:
    """Why the workload itself rules the site out: it names others."""
    if not workload.sites or site_name in workload.sites:
        return ()
    asked = ", ".join(workload.sites)
    return (
        Reason(
            site=site_name,
            step=Step.LAW,
            code="site-not-asked-for",
            message=f"the workload asks for {asked} alone",
            forever=True,
            needed=asked,
            actual=site_name,
            origin="the workload",
        ),
    )


def facts_asked(rules: tuple[Rule, ...], site: Site) -> tuple[tuple[str, str, Standing], ...]:
    """What law asks of `site` itself under `rules`: field, value and standing of each fact.

    A receipt that shows a decision shows with it what the decision rests on.
    """
    asked: dict[str, tuple[str, Standing]] = {}
    for rule in rules:
        if rule.residency is None:
            continue
        for verb in VERBS:
            if getattr(rule.residency, verb) is not None:
                field, standing, countries = _places_at(site, verb)
                asked[field] = (written(countries), standing)
        if rule.residency.control is not None and site.operator.value is not None:
            asked["operator"] = (site.operator.value, site.operator.standing)
    return tuple((field, *asked[field]) for field in sorted(asked))


def assumed_facts(
    rules: tuple[Rule, ...], site_name: str, site: Site, parties: Parties
) -> tuple[str, ...]:
    """The facts that law asks of `site` under `rules` and that a scenario filled in, by path.

    A yes that rests on one of them must say so.
    """
    asked = {
        f"Site/{site_name}: spec.{field}"
        for field, _, standing in facts_asked(rules, site)
        if standing is Standing.ASSUMED
    }
    for rule in rules:
        control = rule.residency.control if rule.residency is not None else None
        if control is not None and site.operator.value is not None:
            asked.update(assumed_in_control(control, site.operator.value, parties))
    return tuple(sorted(asked))


def _places_at(site: Site, verb: Verb) -> tuple[str, Standing, tuple[str, ...]]:
    """Where `verb` would happen: field of the site, its standing and its countries.

    A site managed or keeping its metadata nowhere at all has not said where; that is unknown.
    """
    match verb:
        case "storage" | "processing":
            country = site.country
            return "country", country.standing, (country.value,) if country.value else ()
        case "management":
            return "management", site.management.standing, site.management.value or ()
        case "metadata":
            return "metadata", site.metadata.standing, site.metadata.value or ()


def _place_reasons(
    rule: Rule, verb: Verb, places: tuple[str, ...], site_name: str, site: Site
) -> Iterator[Reason]:
    field, standing, countries = _places_at(site, verb)
    if not countries:
        path = f"Site/{site_name}: spec.{field}"
        where = UnknownFact(path, f"where {verb} would be is not known")
        yield fact_unknown(rule, site_name, where, f"{verb} in {written(places)}")
    permitted = expand(places)
    for country in countries:
        if country not in permitted:
            yield _not_permitted(rule, verb, places, site_name, country, standing)


def _not_permitted(
    rule: Rule,
    verb: Verb,
    places: tuple[str, ...],
    site_name: str,
    country: str,
    standing: Standing,
) -> Reason:
    assumed = " (assumed)" if standing is Standing.ASSUMED else ""
    return law_reason(
        rule,
        site_name,
        code=f"{verb}-not-permitted",
        clause=f"{_WOULD_BE[verb]} {country}{assumed}",
        permits=f"permits {written(places)}",
        needed=written(places),
        actual=f"{country} ({standing.value})",
    )
