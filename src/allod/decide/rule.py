"""Rule: what binds a workload, where it was written, and the words of a reason of law (L3)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from allod.domain.dataset import Dataset
from allod.domain.decision import Reason, Step
from allod.domain.holdings import UnknownFact
from allod.domain.project import Project
from allod.domain.residency import Residency
from allod.domain.workload import Workload

#: What is done with data at a place.
Verb = Literal["storage", "processing", "management", "metadata"]
VERBS: tuple[Verb, ...] = get_args(Verb)


@dataclass(frozen=True, slots=True)
class Rule:
    """A residency rule and where it was written."""

    origin: str  #: Document that wrote it, such as 'Dataset/health-ma'.
    residency: Residency | None  #: None: the document is missing, so all it may say is unknown.

    @property
    def source(self) -> str:
        """The document, and the law or contract that it names."""
        basis = self.residency.basis if self.residency else ""
        return f"{self.origin} ({basis})" if basis else self.origin


def rules_of(
    workload_name: str,
    workload: Workload,
    project_name: str,
    project: Project,
    datasets: Mapping[str, Dataset],
    inherited: Mapping[str, tuple[Rule, ...]],
) -> tuple[Rule, ...]:
    """The rules that bind a workload: all of them together are the strictest (L3).

    Its own, its project's, those of the datasets that it reads, and those that already bind the
    datasets that it writes: what it adds to one must obey them too. `inherited` holds by dataset
    the rules of what wrote it. A dataset that is read and nowhere described has an unknown rule;
    one that is written is new and has none.
    """
    found = [
        Rule(f"Workload/{workload_name}", workload.residency or Residency()),
        Rule(f"Project/{project_name}", project.residency or Residency()),
    ]
    for name in (*workload.reads, *workload.writes):
        if name in datasets:
            found.append(Rule(f"Dataset/{name}", datasets[name].residency))
        elif name not in inherited and name in workload.reads:
            found.append(Rule(f"Dataset/{name}", None))
        found += inherited.get(name, ())
    return binding(found)


def binding(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Those of `rules` that restrict anything, each once."""
    return tuple(dict.fromkeys(rule for rule in rules if _restricts(rule)))


def inherited_rules(rules: tuple[Rule, ...], before: tuple[Rule, ...] = ()) -> tuple[Rule, ...]:
    """The rules of a dataset after a workload bound by `rules` wrote it; `before`, those it had.

    Rules that say the same are kept once, under the first origin, so that a dataset which is
    written every night does not gather a rule a night.
    """
    kept: dict[Residency | None, Rule] = {}
    for rule in (*before, *rules):
        kept.setdefault(rule.residency, rule)
    return tuple(kept.values())


def _restricts(rule: Rule) -> bool:
    if rule.residency is None:
        return True
    return any(getattr(rule.residency, verb) is not None for verb in (*VERBS, "control"))


def in_order(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    """Reasons in the one order in which they are given, whatever order they were found in."""
    return tuple(sorted(reasons, key=order_of))


def order_of(one: Reason) -> tuple[Step, str, str, str, str, str]:
    """By what reasons are put in that order."""
    return (one.step, one.origin, one.code, one.needed, one.actual, one.message)


def written(places: tuple[str, ...]) -> str:
    """The places as the rule wrote them, areas by their names."""
    return ", ".join(places) or "nowhere"


def rule_unknown(rule: Rule, site_name: str) -> Reason:
    """A no, since nobody can tell what the rule says (L4)."""
    return Reason(
        site=site_name,
        step=Step.LAW,
        code="fact-unknown",
        message=f"{rule.origin} is read and there is no document of it, so its rule is not known",
        forever=True,
        needed="a known rule",
        actual=f"{rule.origin} (unknown)",
        origin=rule.origin,
    )


def fact_unknown(rule: Rule, site_name: str, fact: UnknownFact, needed: str) -> Reason:
    """A no, since the rule asks for a fact that is not known (L4)."""
    return law_reason(
        rule,
        site_name,
        code="fact-unknown",
        clause=f"{fact.path}: {fact.why}",
        permits=f"asks for {needed}",
        needed=needed,
        actual=f"{fact.path} (unknown)",
    )


def law_reason(
    rule: Rule, site_name: str, *, code: str, clause: str, permits: str, needed: str, actual: str
) -> Reason:
    """A no under `rule`: a clause on the site, then what the rule permits."""
    basis = rule.residency.basis if rule.residency else ""
    return Reason(
        site=site_name,
        step=Step.LAW,
        code=code,
        message=f"{clause}; {rule.origin} {permits}{f' ({basis})' if basis else ''}",
        forever=True,
        needed=needed,
        actual=actual,
        origin=rule.source,
    )
