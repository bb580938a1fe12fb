"""Sites as they are shown: what is live, in use, out and free, and what power is committed."""

from __future__ import annotations

from itertools import product

import pytest

from allod.bootstrap import real_engine
from allod.decide.outlook import NO_OUTLOOK, Outlook
from allod.domain.document import Document, from_json
from allod.domain.event import CurtailmentCalled, ForecastGiven, PoolReported
from allod.errors import NotFound
from allod.run.node import Node
from allod.run.node_views import SiteView, State
from allod.run.pace import Pace
from allod.run.ports import PoolReport
from allod.run.reports import PoolSeen
from allod.run.sites import site_views
from allod.run.standing import Placed, Standing
from tests.run.memory_store import MemoryStore
from tests.run.world import HandClock, ScriptedRunner, site

PER_NODE = 4


def shown(
    used: dict[int, int],
    report: PoolReported | None,
    units: int = 8,
    outlook: Outlook = NO_OUTLOOK,
    beside: tuple[Document, ...] = (),
    class_name: str = "",
    **more: object,
) -> SiteView:
    """Site 'here' with two nodes, on which one workload holds `used`, after `report`."""
    pool = {"name": "p", "accelerator": "h100", "accelerators_per_node": PER_NODE}
    document = site(units=units, pools=[pool], **more)
    standing = Standing(
        workload_id="w1",
        ordinal=1,
        asked="{}",
        spec={},
        project="ours",
        class_name=class_name,
        accelerators=sum(used.values()),
        submitted_at_s=0,
        last_seq=0,
        state=State.RUNNING,
        site="here",
        pool="p",
        placed=Placed(nodes=[list(item) for item in used.items()], power_w=1000),
    )
    reports = {("here", "p"): report} if report else {}
    documents = {one.key: one for one in (document, *beside)}
    (view,) = site_views(documents, [standing], 10, lambda _: {}, {}, reports, outlook)
    return view


def reported(*out: tuple[int, int], others_w: int = 0, why: tuple[str, ...] = ()) -> PoolReported:
    return PoolReported(at_s=5, site="here", pool="p", out=out, others_w=others_w, why=why)


def test_free_is_what_is_neither_in_use_nor_out_on_each_node():
    """All uses of two nodes against all that may be out on them."""
    each = range(PER_NODE + 1)
    for used, out in product(product(each, repeat=2), repeat=2):
        report = reported(*((x, n) for x, n in enumerate(out) if n))
        (pool,) = shown({x: n for x, n in enumerate(used) if n}, report).pools
        left = sum(max(0, PER_NODE - u - o) for u, o in zip(used, out, strict=True))
        assert (pool.in_use, pool.out, pool.free) == (sum(used), sum(out), left), (used, out)


def test_what_others_draw_is_committed_and_said():
    view = shown({0: 2}, reported((1, 4), others_w=700, why=("n1 is down: Not responding",)))
    assert (view.out, view.others_w, view.power_committed_w) == (4, 700, 1700)
    assert view.pools[0].why == ("n1 is down: Not responding",)
    bare = shown({0: 2}, None)
    assert (bare.out, bare.others_w, bare.power_committed_w) == (0, 0, 1000)
    assert bare.pools[0].why == ()


def test_no_more_is_out_than_is_live():
    view = shown({}, reported((0, 4), (1, 4)), units=4)
    assert (view.live, view.out, view.free) == (4, 4, 0)


LIMIT = {"site": {"power_w": 9000, "base_load_w": 500}}


@pytest.mark.parametrize(
    ("starts_s", "ends_s", "limit_w"),
    [(5, 20, 4000), (10, 20, 4000), (11, 20, 9000), (5, 10, 9000)],
)
def test_the_limit_that_is_shown_follows_calls(starts_s: int, ends_s: int, limit_w: int):
    """It is looked at at second 10."""
    call = CurtailmentCalled(
        at_s=1,
        site="here",
        name="peak",
        path="site",
        starts_s=starts_s,
        ends_s=ends_s,
        power_w=4000,
    )
    view = shown({0: 1}, None, outlook=NO_OUTLOOK.with_call(call), envelope=LIMIT)
    assert (view.power_limit_w, view.base_load_w) == (limit_w, 500)


def test_the_limit_that_is_shown_follows_margin_and_base_load_of_a_forecast():
    told = ForecastGiven(
        at_s=0,
        site="here",
        start_s=0,
        step_s=300,
        temp_milli_c=(5000,),
        design_temp_milli_c=30_000,
        margin_w=1000,
        base_load_w=(700,),
    )
    view = shown({0: 1}, None, outlook=NO_OUTLOOK.with_forecast(told), envelope=LIMIT)
    assert view.power_limit_w == 9000 - 1000 - 700 + 500  # As much as work and base load may have.


def place(**more: object) -> dict[str, object]:
    return {"dossier": {"place": more}}


def test_a_site_stands_where_its_document_says():
    narvik = place(
        city="Narvik",
        latitude_microdeg=68_570_000,
        longitude_microdeg=-17_600_000,
        precision="town",
    )
    found = shown({}, None, **narvik).place
    assert found is not None
    assert (found.latitude_deg, found.longitude_deg) == (68.57, -17.6)
    assert (found.country, found.name, found.precision) == ("NO", "Narvik", "town")


@pytest.mark.parametrize("half", [{}, {"latitude_microdeg": 1}, {"longitude_microdeg": 1}])
def test_half_a_position_is_none(half: dict[str, int]):
    assert shown({}, None, **place(city="Narvik", **half)).place is None
    assert shown({}, None).place is None


def test_idle_floors_that_are_not_free_are_lent_out():
    """Two floors of 4 at a site of 8: one uses 6, so that 2 of the other's are with it."""
    classes = [{"name": "busy", "floor": 4}, {"name": "idle", "floor": 4}]
    charter = from_json(
        {
            "apiVersion": "allod/v1",
            "kind": "Charter",
            "metadata": {"name": "here"},
            "spec": {"site": "here", "classes": classes},
        }
    )
    view = shown({0: 4, 1: 2}, None, beside=(charter,), class_name="busy")
    busy, idle = view.classes
    assert (busy.within_floor, busy.borrowed, idle.idle_floor) == (4, 2, 4)
    assert (view.free, idle.lent_out, view.lent_out) == (2, 2, 2)


def test_a_node_that_was_ended_still_shows_what_was_reported():
    """The engine keeps the reports, so that its log or its snapshot brings them back."""
    store, clock = MemoryStore(), HandClock()
    said = PoolSeen(PoolReport("here", "p", ((0, 3),), others_w=700, why=("n0 is down",)))

    def opened() -> Node:
        node = Node(
            store,
            real_engine(),
            {"local": ScriptedRunner()},
            clock,
            pace=Pace(runner_threads=1, poll_s=0.01, observe_s=0.02),
        )
        node.start()
        return node

    node = opened()
    node.apply([site(units=8)]).result(10)
    for _ in range(2):  # Said again it is no news.
        node._controller.ask(said).result(10)
    with pytest.raises(NotFound):
        node._controller.ask(PoolSeen(PoolReport("there", "p", ((0, 1),)))).result(10)
    node.close()
    again = opened()
    (pool,) = again.site("here").pools
    again.close()
    assert (pool.out, pool.free, pool.others_w, pool.why) == (3, 5, 700, ("n0 is down",))
    assert [leaf.kind for leaf in store.leaves].count("event/PoolReported") == 1
