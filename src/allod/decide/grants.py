"""Grants: what a project's budgets can pay for at most, at whatever time it is asked (C8)."""

from __future__ import annotations

from allod.domain.project import Project
from allod.domain.units import UNBOUNDED


def granted_s(project: Project) -> int:
    """What the grants of `project` that hold at one time give at most. [accelerator-seconds]

    One that follows another does not add to it: what is left of a grant goes when it ends. Those
    that ended long ago count like those to come, because an answer that depended on the time of
    asking could not be kept; work that only they would have paid for waits, and is told so.
    """
    return max((budget_s for budget_s, _ in _terms(project)), default=0)


def longest_paid_s(project: Project, accelerators: int) -> int:
    """The longest wall time that the grants of `project` ever pay for. [s]

    It must be paid for in full when it starts, and over before the last of them ends.
    """
    if not project.grants:
        return UNBOUNDED
    return max(min(budget_s // accelerators, term_s) for budget_s, term_s in _terms(project))


def longest_term_s(project: Project) -> int:
    """For how long grants of `project` that hold at one time do so at most. [s]"""
    return max((term_s for _, term_s in _terms(project)), default=0)


def _terms(project: Project) -> list[tuple[int, int]]:
    """(accelerator-seconds, seconds until the last ends) of what holds as each grant begins."""
    found = []
    for at_s in sorted({grant.starts for grant in project.grants}):
        holding = [grant for grant in project.grants if grant.starts <= at_s < grant.ends]
        budget_s = sum(grant.accelerator_hours for grant in holding) * 3600
        found.append((budget_s, max(grant.ends for grant in holding) - at_s))
    return found
