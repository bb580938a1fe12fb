"""C8 and eligibility: which class of a charter a project may use, and all that is against it."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.decide.access import (
    class_for,
    eligible_reasons,
    leaf_paths,
    seat_of,
    sector_of,
    user_reasons,
)
from allod.domain.charter import AccessClass, Anchor, Charter, Eligibility
from allod.domain.charter import Step as RampStep
from allod.domain.decision import Reason, Step
from allod.domain.fact import Fact, Standing
from allod.domain.party import Party
from allod.domain.project import Project
from allod.domain.site import Site
from allod.domain.workload import Workload

PARTIES = {
    "clinic": Party(title="a clinic", seat=Fact[str](value="NO"), sector="health"),
    "shell": Party(title="of unknown seat", seat=Fact[str](standing=Standing.UNKNOWN)),
}


def a_project(**fields: Any) -> Project:
    return Project.model_validate(fields)


def a_class(name: str = "c", **fields: Any) -> AccessClass:
    return AccessClass(name=name, **fields)


def a_workload(**fields: Any) -> Workload:
    return Workload(project="p", accelerators=1, wall_time_s=60, **fields)


def a_charter(*classes: AccessClass) -> Charter:
    return Charter(site="s", classes=classes)


# ------------------------------------------------------------------ users of a cluster


@pytest.mark.parametrize("others", [False, True])
@pytest.mark.parametrize("named", [False, True])
def test_a_project_needs_a_user_at_a_slurm_site(named: bool, others: bool) -> None:
    user = {"user": "u"}
    slurm = {"rest": "http://h:1", "folder": "/w", "pools": {"p": {"partition": "x", "nodes": "n"}}}
    slurm |= {"projects": {"ours" if named else "theirs": user}}
    slurm |= {"others": user} if others else {}
    facts = {"title": "t", "country": "NO", "operator": "o", "management": ["NO"]}
    pools = [{"name": "p", "accelerator": "h100"}]
    site = Site.model_validate(
        {**facts, "metadata": ["NO"], "pools": pools, "runner": "slurm", "slurm": slurm}
    )
    found = [(reason.code, reason.step) for reason in user_reasons("s", site, "ours")]
    assert found == ([] if named or others else [("no-user-there", Step.CLASS)])
    assert not user_reasons("s", site.model_copy(update={"slurm": None}), "ours")


# ------------------------------------------------------------------ seat and sector


def test_the_seat_is_that_of_the_party_and_only_without_one_its_own() -> None:
    assert seat_of(a_project(party="clinic", country="MA"), PARTIES).value == "NO"
    assert seat_of(a_project(country="MA"), PARTIES).value == "MA"
    assert not seat_of(a_project(party="shell", country="MA"), PARTIES).known
    assert not seat_of(a_project(party="nobody", country="MA"), PARTIES).known
    assert not seat_of(a_project(), PARTIES).known


def test_the_sector_is_its_own_and_else_that_of_the_party() -> None:
    assert sector_of(a_project(party="clinic", sector="energy"), PARTIES) == "energy"
    assert sector_of(a_project(party="clinic"), PARTIES) == "health"
    assert sector_of(a_project(party="nobody"), PARTIES) is None


# ------------------------------------------------------------------ eligibility

#: Each with the path at which its seat would stand, its seat, its sector and its party.
PROJECTS = (
    (a_project(country="NO"), "Project/p: spec.country", "NO", None, None),
    (a_project(country="MA", sector="energy"), "Project/p: spec.country", "MA", "energy", None),
    (a_project(), "Project/p: spec.country", None, None, None),
    (a_project(party="clinic"), "Party/clinic: spec.seat", "NO", "health", "clinic"),
    (a_project(party="shell", country="NO"), "Party/shell: spec.seat", None, None, "shell"),
    (a_project(party="nobody", country="NO"), "Party/nobody", None, None, "nobody"),
)


def test_all_that_a_class_asks_for_must_hold_and_all_that_does_not_is_told() -> None:
    space = product(
        ((), ("MA",), ("eea",)), ((), ("health",)), ((), ("clinic",)), ((), ("p",), ("q",)),
        ("", "clinic"), PROJECTS,
    )  # fmt: skip
    cases = 0
    for countries, sectors, parties, projects, anchor, case in space:
        project, path, seat, sector, party = case
        access_class = a_class(
            eligible=Eligibility(
                countries=countries, sectors=sectors, parties=parties, projects=projects
            ),
            anchor=Anchor(party=anchor, ramp=(RampStep(starts=0, floor=0),)) if anchor else None,
        )
        expected = set()
        if countries and seat is None:
            expected.add(("fact-unknown", f"{path} (unknown)"))
        elif countries and (countries, seat) not in ((("MA",), "MA"), (("eea",), "NO")):
            expected.add(("not-eligible-country", f"{seat} (declared)"))
        if sectors and sector is None:
            expected.add(("fact-unknown", "Project/p: spec.sector (unknown)"))
        elif sectors and sector != "health":
            expected.add(("not-eligible-sector", sector))
        if (parties or anchor) and party != "clinic":
            expected.add(("not-eligible-party", party or "no party"))
        if projects == ("q",):
            expected.add(("not-eligible-project", "p"))
        reasons = eligible_reasons((access_class,), "s", "p", project, PARTIES)
        assert {(r.code, r.actual) for r in reasons} == expected, (access_class.eligible, case)
        assert all((r.site, r.step, r.forever) == ("s", Step.CLASS, True) for r in reasons)
        cases += 1
    assert cases == 432


def test_every_class_on_the_path_must_be_eligible_and_tells_its_own_reasons() -> None:
    outer = a_class("outer", eligible=Eligibility(countries=("MA",)))
    inner = a_class("inner", eligible=Eligibility(countries=("GB",), projects=("q",)))
    reasons = eligible_reasons((outer, inner), "s", "p", a_project(country="NO"), {})
    assert [(reason.code, reason.origin) for reason in reasons] == [
        ("not-eligible-country", "charter of s: class outer"),
        ("not-eligible-country", "charter of s: class outer/inner"),
        ("not-eligible-project", "charter of s: class outer/inner"),
    ]


def test_the_words_of_a_reason() -> None:
    access_class = a_class("startups", eligible=Eligibility(countries=("NO", "eea")))
    project = a_project(country={"value": "US", "standing": "assumed"})
    assert eligible_reasons((access_class,), "s", "p", project, {}) == (
        Reason(
            site="s",
            step=Step.CLASS,
            code="not-eligible-country",
            message=(
                "class 'startups' asks for a seat in NO, eea; project p is seated in US (assumed)"
            ),
            forever=True,
            needed="a seat in NO, eea",
            actual="US (assumed)",
            origin="charter of s: class startups",
        ),
    )


# ------------------------------------------------------------------ the class that it gets


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        ((a_class("low", priority=1), a_class("high", priority=2)), "high"),
        ((a_class("small", floor=1), a_class("large", floor=2)), "large"),
        ((a_class("b"), a_class("a")), "a"),
        # The leaf's own priority and floor, not those of the class around it.
        (
            (
                a_class("outer", priority=9, floor=9, classes=(a_class("leaf", priority=1),)),
                a_class("other", priority=2),
            ),
            "other",
        ),
        # The best is not eligible.
        ((a_class("best", priority=9, eligible=Eligibility(projects=("q",))), a_class("c")), "c"),
    ],
)
def test_the_best_leaf_that_it_may_use(classes: tuple[AccessClass, ...], expected: str) -> None:
    verdict = class_for(a_charter(*classes), a_workload(), "p", a_project(), {})
    assert (verdict.access_class, verdict.reasons) == (expected, ())


NESTED = a_charter(
    a_class(
        "national",
        eligible=Eligibility(countries=("NO",)),
        classes=(
            a_class("startups", priority=5),
            a_class("clinics", eligible=Eligibility(sectors=("health",)), priority=9),
        ),
    ),
    a_class("surplus", priority=-5),
)


def test_a_workload_that_names_a_class_gets_that_one_or_none() -> None:
    def asked(name: str, **project: Any) -> tuple[str | None, set[str]]:
        workload = a_workload(access_class=name)
        verdict = class_for(NESTED, workload, "p", a_project(**project), PARTIES)
        return verdict.access_class, {reason.code for reason in verdict.reasons}

    assert asked("surplus", party="clinic") == ("surplus", set())
    assert asked("startups", party="clinic") == ("startups", set())
    assert asked("national", party="clinic") == ("clinics", set())  # The best leaf in it.
    assert asked("national", country="NO") == ("startups", set())
    assert asked("clinics", country="NO") == (None, {"fact-unknown"})
    assert asked("startups", country="MA") == (None, {"not-eligible-country"})
    assert asked("startup", country="NO") == (None, {"class-unknown"})


def test_a_class_that_is_not_there_is_told_with_those_that_are() -> None:
    verdict = class_for(NESTED, a_workload(access_class="startup"), "p", a_project(), {})
    (reason,) = verdict.reasons
    assert reason.message == (
        "the charter of s has no class 'startup'; it has startups, clinics, surplus"
    )
    assert (reason.step, reason.forever, reason.needed) == (Step.CLASS, True, "startup")


trees = st.recursive(
    st.just(()),
    lambda children: st.lists(children, min_size=1, max_size=3).map(tuple),
    max_leaves=6,
)


@given(st.data())
def test_the_class_is_the_one_that_a_plain_search_finds(data: st.DataObject) -> None:
    names = iter("abcdefghijklmnopqrstuvwxyz" * 2)
    taken: set[str] = set()

    def build(tree: tuple[Any, ...]) -> AccessClass:
        name = next(name for name in names if name not in taken)
        taken.add(name)
        children = tuple(build(child) for child in tree)
        inside = sum(child.floor for child in children)
        return a_class(
            name,
            classes=children,
            floor=inside + data.draw(st.integers(0, 2)),
            priority=data.draw(st.integers(0, 1)),
            eligible=Eligibility(projects=data.draw(st.sampled_from(((), (), ("p",), ("q",))))),
        )

    charter = a_charter(
        *(build(tree) for tree in data.draw(st.lists(trees, min_size=1, max_size=3)))
    )
    named = data.draw(st.none() | st.sampled_from(sorted(taken)))

    def search(
        access_class: AccessClass, open_above: bool, in_named: bool
    ) -> list[tuple[AccessClass, bool]]:
        is_open = open_above and access_class.eligible.projects != ("q",)
        in_named = in_named or access_class.name == named
        if not access_class.classes:
            return [(access_class, is_open)] if in_named else []
        return [hit for child in access_class.classes for hit in search(child, is_open, in_named)]

    hits = [hit for top in charter.classes for hit in search(top, True, named is None)]
    best = sorted((-leaf.priority, -leaf.floor, leaf.name) for leaf, is_open in hits if is_open)
    verdict = class_for(charter, a_workload(access_class=named), "p", a_project(), {})
    assert verdict.access_class == (best[0][2] if best else None)
    assert bool(verdict.reasons) == (not best)
    if not best:
        barred = {reason.origin.rpartition(" ")[2].rpartition("/")[2] for reason in verdict.reasons}
        on_the_way = {
            access_class.name
            for path in leaf_paths(charter)
            if path[-1] in [leaf for leaf, _ in hits]
            for access_class in path
            if access_class.eligible.projects == ("q",)
        }
        assert barred == on_the_way


def test_an_anchor_class_is_for_its_party_alone() -> None:
    anchor = Anchor(party="clinic", ramp=(RampStep(starts=0, floor=0),))
    charter = a_charter(a_class("anchored", anchor=anchor, classes=(a_class("inside"),)))
    parties: Mapping[str, Party] = PARTIES
    own = class_for(charter, a_workload(), "p", a_project(party="clinic"), parties)
    other = class_for(charter, a_workload(), "p", a_project(party="shell"), parties)
    assert own.access_class == "inside"
    assert [(r.code, r.needed) for r in other.reasons] == [("not-eligible-party", "party clinic")]
