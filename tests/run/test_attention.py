"""What needs a person: each rule at its edge, and what a node gathers for them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from allod.bootstrap import real_engine
from allod.decide.accounts import Account
from allod.decide.outlook import NO_OUTLOOK, Outlook
from allod.domain.document import from_json
from allod.domain.event import CurtailmentCalled, ForecastGiven
from allod.domain.project import Project
from allod.domain.site import Site
from allod.run import attention as rules
from allod.run.attention import (
    DAY_S,
    AttentionView,
    EndSigns,
    SealSigns,
    Severity,
    Signs,
    SiteSigns,
    UnknownSigns,
    attention,
)
from allod.run.node import Node
from allod.run.node_views import ClassView, State
from allod.run.pace import Pace
from allod.run.site_power import SitePower
from allod.run.sites import site_views
from tests.run.memory_store import MemoryStore
from tests.run.test_node_map import held
from tests.run.world import HandClock, ScriptedRunner, site, until, workload

AT_S = 10 * DAY_S
COOLING = {"system": "dry-cooler"}
LIMIT = {"site": {"power_w": 9000}}


def signs(**more: Any) -> Signs:
    """A sealed node without sites, on which all is well."""
    seal = SealSigns(
        fault="",
        cadence_s=10,
        began_s=AT_S - 1000,
        published_at_s=AT_S - 5,
        asks_witnesses=True,
        witnessed_at_s=AT_S - 20,
    )
    return Signs(**{"at_s": AT_S, "seal": seal, **more})


def site_signs(
    outlook: Outlook = NO_OUTLOOK, accelerators: int = 0, spec: Any = None, **more: Any
) -> SiteSigns:
    """Site 'here', of which so many accelerators of 700 W are in use."""
    pool = {"name": "p", "accelerator": "h100", "power_per_accelerator_w": 700}
    document = site(units=8, pools=[pool], **(spec or {}))
    assert isinstance(document.spec, Site)
    (view,) = site_views({document.key: document}, [], AT_S, lambda _: {}, {}, {}, outlook)
    work = [held("w1", [], accelerators=accelerators)]
    power = SitePower("here", document.spec, 0, outlook, work, {}, AT_S)
    return SiteSigns(
        view=replace(view, **more),
        site=document.spec,
        ahead=power.ahead(48),
        forecast=outlook.forecasts.get("here"),
    )


def one(rule: Callable[[Signs], Any], given: Signs) -> AttentionView:
    (found,) = rule(given)
    assert isinstance(found, AttentionView)
    return found


def test_where_all_is_well_nothing_is_told():
    assert attention(signs(sites=[site_signs(spec={"envelope": LIMIT}, accelerators=8)])) == ()


def test_a_runner_that_does_not_answer():
    away = site_signs(in_reach=False, out_of_reach_since_s=AT_S - 60, running=3)
    found = one(rules.runner_out_of_reach, signs(sites=[away]))
    assert (found.severity, found.since_s, found.count) == (Severity.CRITICAL, AT_S - 60, 3)
    assert (found.kind, found.name) == ("Site", "here")
    assert not [*rules.runner_out_of_reach(signs(sites=[site_signs()]))]


def class_view(name: str, parent: str | None = None, broken: int | None = None) -> ClassView:
    return ClassView(
        name=name,
        title="",
        parent=parent,
        floor=8,
        ceiling=None,
        priority=0,
        in_use=0,
        waiting=4,
        reclaim_notice_s=10,
        broken=broken,
        broken_since_s=AT_S - 5 if broken else None,
    )


def test_a_broken_floor_is_told_once_of_the_class_whose_work_waits():
    classes = (class_view("outer", broken=4), class_view("inner", "outer", broken=4))
    found = one(rules.floor_broken, signs(sites=[site_signs(classes=classes)]))
    assert (found.subject, found.count) == ("floor of inner at here", 4)
    assert (found.severity, found.since_s) == (Severity.CRITICAL, AT_S - 5)
    assert "40 s" in found.message  # Notice and the time that the runner takes to stop.
    both = (class_view("outer", broken=6), class_view("inner", "outer", broken=4))
    told = rules.floor_broken(signs(sites=[site_signs(classes=both)]))
    assert sorted((item.subject, item.count) for item in told) == [
        ("floor of inner at here", 4),
        ("floor of outer at here", 2),
    ]
    kept = (class_view("outer", broken=0), class_view("inner", "outer"))
    assert not [*rules.floor_broken(signs(sites=[site_signs(classes=kept)]))]


@pytest.mark.parametrize(
    ("begins_in_s", "severity"), [(-10, Severity.CRITICAL), (3600, Severity.WARNING)]
)
def test_an_envelope_that_shrinks_below_what_is_committed(begins_in_s: int, severity: Severity):
    call = CurtailmentCalled(
        at_s=AT_S - 20,
        site="here",
        name="peak",
        path="site",
        starts_s=AT_S + begins_in_s,
        ends_s=AT_S + 7200,
        power_w=1000,
    )
    outlook = NO_OUTLOOK.with_call(call)
    spec = {"envelope": LIMIT}
    found = one(rules.envelope_too_small, signs(sites=[site_signs(outlook, 2, spec)]))
    assert (found.severity, found.count) == (severity, 400)
    assert found.since_s == AT_S + max(0, begins_in_s)
    assert not [*rules.envelope_too_small(signs(sites=[site_signs(outlook, 1, spec)]))]


def forecast(ends_in_s: int) -> Outlook:
    told = ForecastGiven(
        at_s=0,
        site="here",
        start_s=AT_S + ends_in_s - 3600,
        step_s=3600,
        temp_milli_c=(5000,),
        design_temp_milli_c=30_000,
    )
    return NO_OUTLOOK.with_forecast(told)


@pytest.mark.parametrize(
    ("ends_in_s", "severity"),
    [(0, Severity.WARNING), (1, Severity.NOTICE), (6 * 3600, Severity.NOTICE)],
)
def test_a_forecast_that_is_over_or_soon_will_be(ends_in_s: int, severity: Severity):
    found = one(rules.forecast_stale, signs(sites=[site_signs(forecast(ends_in_s))]))
    assert (found.severity, found.since_s) == (severity, AT_S + ends_in_s)
    later = signs(sites=[site_signs(forecast(6 * 3600 + 1))])
    assert not [*rules.forecast_stale(later)]


def test_a_forecast_is_missed_where_the_cooling_asks_for_one():
    bare = site_signs()
    cooled = replace(bare, site=bare.site.model_copy(update={"cooling": object()}))
    assert one(rules.forecast_stale, signs(sites=[cooled])).severity is Severity.NOTICE
    empty = replace(cooled, view=replace(cooled.view, live=0))
    assert not [*rules.forecast_stale(signs(sites=[bare, empty]))]


def sealed(**more: Any) -> Signs:
    found = signs()
    assert found.seal is not None
    return replace(found, seal=replace(found.seal, **more))


@pytest.mark.parametrize(
    ("more", "since_s"),
    [
        ({"fault": "no space"}, AT_S - 5),
        ({"published_at_s": AT_S - 71}, AT_S - 71),
        ({"published_at_s": None}, AT_S - 1000),
    ],
)
def test_a_log_that_is_not_sealed(more: dict[str, Any], since_s: int):
    found = one(rules.log_not_sealed, sealed(**more))
    assert (found.severity, found.since_s, found.kind) == (Severity.CRITICAL, since_s, "Log")


def test_a_checkpoint_may_be_late_by_a_minute_and_a_young_node_has_none():
    assert not [*rules.log_not_sealed(sealed(published_at_s=AT_S - 70))]
    assert not [*rules.log_not_sealed(sealed(published_at_s=None, began_s=AT_S - 70))]
    assert one(rules.log_not_sealed, signs(seal=None)).severity is Severity.WARNING


@pytest.mark.parametrize(
    ("more", "since_s"),
    [
        ({"witnessed_at_s": AT_S - 606}, AT_S - 606),
        ({"witnessed_at_s": None, "began_s": AT_S - 606}, AT_S - 606),
    ],
)
def test_witnesses_that_are_behind(more: dict[str, Any], since_s: int):
    assert one(rules.witness_behind, sealed(**more)).since_s == since_s
    asks_nobody = sealed(**more, asks_witnesses=False)
    assert not [*rules.witness_behind(asks_nobody)]


@pytest.mark.parametrize("witnessed_at_s", [AT_S - 605, AT_S])
def test_witnesses_may_be_behind_for_a_while(witnessed_at_s: int):
    assert not [*rules.witness_behind(sealed(witnessed_at_s=witnessed_at_s))]


def project(*grants: tuple[int, int]) -> Project:
    """A project with grants that begin and end so long after now. [s]"""
    return Project.model_validate(
        {
            "grants": [
                {"accelerator_hours": 10, "starts": AT_S + start, "ends": AT_S + end}
                for start, end in grants
            ]
        }
    )


@pytest.mark.parametrize(
    ("grants", "since_s"),
    [
        ([(-9, 14 * DAY_S)], AT_S + 14 * DAY_S),
        ([(-9, 14 * DAY_S + 1)], None),
        ([(-9, 5), (-9, 9)], AT_S + 9),
        ([(-9, 5), (5, 10)], None),  # Another goes on.
        ([(-9, 5), (6, 10)], AT_S + 5),
        ([(-9, 0)], None),  # It is over.
        ([(1, 9)], None),
        ([], None),
    ],
)
def test_a_grant_that_ends_soon(grants: list[tuple[int, int]], since_s: int | None):
    found = [*rules.grant_ends(signs(projects={"a": project(*grants)}))]
    assert [item.since_s for item in found] == ([] if since_s is None else [since_s])


def account(given_s: int, left_s: int) -> Account:
    return Account(
        given_s=given_s, used_s=given_s - left_s, committed_s=0, left_s=left_s, until_s=AT_S + 1
    )


@pytest.mark.parametrize(
    ("left_s", "severity"),
    [(36_000, None), (3600 * 100, None), (35_999, Severity.NOTICE), (3599, Severity.WARNING)],
)
def test_a_grant_of_which_little_is_left(left_s: int, severity: Severity | None):
    """Of a hundred hours; what is told is less than ten."""
    grants = {"a": account(360_000, left_s)}
    found = [*rules.grant_used(signs(grants=grants))]
    assert [item.severity for item in found] == ([severity] if severity else [])
    assert not [*rules.grant_used(signs(grants={"a": account(0, 0)}))]


F, C, X = State.FAILED, State.COMPLETED, State.CANCELLED


@pytest.mark.parametrize(
    ("states", "count"),
    [
        ([F, F, F], 3),
        ([F, F], 0),
        ([F, F, C, F, F], 0),
        ([C, F, F, F, F], 4),
        ([F, X, State.LOST, X, State.NODE_FAILED], 3),  # Who was cancelled did not fail.
        ([F, F, F, C], 0),
        ([F, State.TIMEOUT, F], 0),
    ],
)
def test_work_that_fails_in_a_row(states: list[State], count: int):
    """In the order of their ends."""
    ended = [
        EndSigns(workload_id=f"w{i}", project="a", state=state, ended_at_s=AT_S - 100 + i)
        for i, state in enumerate(states)
    ]
    found = [*rules.work_fails(signs(ended=ended[::-1]))]
    assert [item.count for item in found] == ([count] if count else [])
    if found:
        assert (found[0].kind, found[0].name) == ("Workload", f"w{len(states) - 1}")


def test_failures_of_another_day_or_of_another_project_do_not_add_up():
    ends = [
        EndSigns(workload_id="w1", project="a", state=F, ended_at_s=AT_S - DAY_S - 1),
        EndSigns(workload_id="w2", project="a", state=F, ended_at_s=AT_S - 2),
        EndSigns(workload_id="w3", project="a", state=F, ended_at_s=AT_S - 1),
        EndSigns(workload_id="w4", project="b", state=F, ended_at_s=AT_S),
    ]
    assert not [*rules.work_fails(signs(ended=ends))]


def test_one_is_told_as_well_as_many():
    """No sentence says '1 workloads'."""
    site = site_signs(in_reach=False, out_of_reach_since_s=AT_S)
    one_run = replace(site, view=replace(site.view, running=1))
    fact = UnknownSigns(path="Party/x: spec.seat", refused=1, waiting=1, since_s=8)
    for found in attention(signs(sites=[one_run], unknown=[fact])):
        assert not re.search(r"\b1 (?:workloads|accelerators|are)\b", found.message)


@pytest.mark.parametrize(("refused", "severity"), [(2, Severity.WARNING), (0, Severity.NOTICE)])
def test_a_fact_that_nobody_has_stated(refused: int, severity: Severity):
    fact = UnknownSigns(path="Site/here: spec.country", refused=refused, waiting=3, since_s=7)
    found = one(rules.fact_unknown, signs(unknown=[fact]))
    assert (found.severity, found.count, found.site) == (severity, refused + 3, "here")
    assert (found.kind, found.name, found.since_s) == ("Site", "here", 7)


def test_the_worst_comes_first_and_then_what_has_been_so_for_longest():
    facts = [
        UnknownSigns(path="Party/x: spec.seat", refused=1, waiting=0, since_s=9),
        UnknownSigns(path="Party/y: spec.seat", refused=1, waiting=0, since_s=8),
    ]
    away = site_signs(in_reach=False, out_of_reach_since_s=AT_S)
    found = attention(signs(sites=[away], unknown=facts, seal=None))
    assert [(item.rule, item.name) for item in found] == [
        ("runner-out-of-reach", "here"),
        ("fact-unknown", "y"),
        ("fact-unknown", "x"),
        ("log-not-sealed", ""),
    ]


def test_every_rule_is_asked():
    """A rule that is written and not in the list would never be heard."""
    written = {
        value
        for value in vars(rules).values()
        if callable(value) and getattr(value, "__annotations__", {}).get("return") == "Found"
    }
    assert written == set(rules.RULES)


def test_a_node_gathers_the_signs():
    store, clock, runner = MemoryStore(), HandClock(AT_S), ScriptedRunner()
    pace = Pace(runner_threads=1, poll_s=0.01, observe_s=0.02)
    node = Node(store, real_engine(), {"local": runner}, clock, pace=pace)
    node.start()
    grants = [{"accelerator_hours": 1, "starts": 0, "ends": AT_S + 100_000}]
    unknown = {"value": None, "standing": "unknown"}
    documents = [
        site(units=4, country=unknown, management=unknown),
        *(
            from_json(
                {
                    "apiVersion": "allod/v1",
                    "kind": "Project",
                    "metadata": {"name": name},
                    "spec": {"country": "NO", **more},
                }
            )
            for name, more in (
                ("ours", {"grants": grants}),
                ("bound", {"residency": {"storage": ["NO"], "processing": ["NO"]}}),
            )
        ),
    ]
    node.apply(documents).result(30)
    for i in range(3):
        node.submit(workload(f"job{i}", units=1, wall_time_s=1080)).result(30)
        key = (f"w{i + 1}", 1)
        until(lambda key=key: key in runner.starts)
        runner.end(key, exit_status=1)
        until(lambda i=i: node.workload(f"w{i + 1}").state is State.FAILED)
    node.submit(workload("lawful", units=1, project="bound")).result(30)
    found = {item.rule: item for item in node.attention.now()}
    told = [item for item in node.attention.now() if item.rule == "fact-unknown"]
    node.close()
    assert found["work-fails"].count == 3
    assert found["grant-ends"].since_s == AT_S + 100_000
    assert found["log-not-sealed"].severity is Severity.WARNING
    assert "Site/here: spec.country" in [item.subject for item in told]
    assert {(item.severity, item.count) for item in told} == {(Severity.WARNING, 1)}
