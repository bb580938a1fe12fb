"""The envelope's windows as reservations: which are wanted, and how they are kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise

import pytest

from allod.adapters.slurm.command import CommandCluster
from allod.adapters.slurm.curtail import Curtailer, holds_wanted
from allod.adapters.slurm.driver import Hold
from allod.adapters.slurm.shell import CommandShell
from allod.decide.layout import caps_known
from allod.decide.outlook import NO_OUTLOOK, Outlook
from allod.domain.event import CurtailmentCalled
from allod.domain.site import Envelope, Limit, Site, Window
from allod.domain.slurm import PowerLicence, SlurmCommand
from allod.domain.units import NEVER_S
from allod.errors import AllodError, RunnerRefused, RunnerUnknown
from tests.adapters.slurm.bench import Bench, order, wait_for

DAY_S, YEAR_S = 86_400, 365 * 86_400
UNIT_W = 100
KW = PowerLicence(name="kw", unit_w=UNIT_W)
NOW_S = 1_800_000_000


def site(*windows: Window, power_w: int = 1000, base_w: int = 0) -> Site:
    """One with nothing but an envelope; the rest is not looked at."""
    limit = Limit.model_validate(
        {"power_w": power_w, "base_load_w": base_w, "windows": [w.model_dump() for w in windows]}
    )
    return Site.model_construct(envelope=Envelope(site=limit))


def window(starts: int, ends: int, power_w: int) -> Window:
    return Window(starts=starts, ends=ends, power_w=power_w)


# ------------------------------------------------------------ which are wanted

#: Past, past to now, past to later, now, later, and without an end; at 10.
SPANS = ((2, 6), (5, 10), (4, 14), (10, 13), (12, 18), (11, 12), (15, NEVER_S), (3, NEVER_S))
AT_S = 10
#: More than the usual limit, a part that is no whole number of licences, and none at all.
LIMITS_W = (1200, 750, 410, 0)
CASES = [
    tuple(window(*span, limit) for span, limit in zip(spans, limits, strict=True))
    for count in (0, 1, 2)
    for spans in combinations(SPANS, count)
    for limits in ([(w,) for w in LIMITS_W] if count == 1 else [(w, 410) for w in LIMITS_W])
    if count or limits[0] == 1200
    for limits in [limits[:count]]
]


@pytest.mark.parametrize("base_w", [0, 130])
def test_every_second_holds_back_what_its_cap_is_short_of(base_w: int) -> None:
    """Against the windows themselves: the licences left never stand for more than the cap."""
    for windows in CASES:
        found = holds_wanted(site(*windows, base_w=base_w), KW, AT_S)
        most = (1000 - base_w) // UNIT_W
        for at_s in range(AT_S + 1, 30):
            limits = [w.power_w for w in windows if w.starts <= at_s < w.ends]
            cap_w = max(0, min([1000, *limits]) - base_w)
            held = sum(hold.licences for hold in found if hold.starts_s <= at_s < hold.ends_s)
            assert held == most - cap_w // UNIT_W, (windows, at_s)
            assert sum(hold.starts_s <= at_s < hold.ends_s for hold in found) <= 1
        for hold in found:
            assert AT_S < hold.starts_s < hold.ends_s <= max(AT_S, hold.starts_s) + YEAR_S
        assert len({hold.name for hold in found}) == len(found)


def test_what_is_known_beside_the_document_is_held_back_too() -> None:
    """A call, and one that was taken back: the licences are what the document's envelope has."""
    whole = site(power_w=1000)
    caps = [(0, 1000), (20, 400), (30, 1000)]
    (hold,) = holds_wanted(whole, KW, AT_S, caps=caps)
    assert (hold.starts_s, hold.ends_s, hold.licences) == (20, 30, 6)
    assert holds_wanted(whole, KW, AT_S, caps=[(0, 1000)]) == ()
    # A forecast of less base load than the document's: there are no more licences than there are.
    assert holds_wanted(whole, KW, AT_S, caps=[(0, 1200)]) == ()


def test_no_envelope_holds_nothing() -> None:
    assert holds_wanted(Site.model_construct(envelope=None), KW, NOW_S) == ()
    assert holds_wanted(site(), KW, NOW_S) == ()


def test_a_name_stays_while_time_goes_on() -> None:
    """A window under way is the same reservation a second later, not another one."""
    curtailed = site(window(NOW_S - 50, NOW_S + 5000, 400))
    names = {holds_wanted(curtailed, KW, NOW_S + later)[0].name for later in (0, 1, 60, 4000)}
    assert len(names) == 1


def test_a_window_without_an_end_is_renewed_daily() -> None:
    endless = site(window(100, NEVER_S, 400))
    today = NOW_S - NOW_S % DAY_S
    names = []
    for day in range(3):
        (hold,) = holds_wanted(endless, KW, today + day * DAY_S)
        assert holds_wanted(endless, KW, today + (day + 1) * DAY_S - 1)[0].name == hold.name
        assert hold.ends_s == today + day * DAY_S + YEAR_S
        names.append(hold.name)
    assert len(set(names)) == 3


# ------------------------------------------------------------ how they are kept


@dataclass
class Kept:
    """A `Keeper` that counts as Slurm does: reservations together are at most the total."""

    total: int = 1000
    there: dict[str, Hold] = field(default_factory=dict)
    did: list[tuple[str, str]] = field(default_factory=list)
    faults: list[AllodError] = field(default_factory=list)
    #: Raised once when the hold has been made: its answer was lost.
    lost: list[AllodError] = field(default_factory=list)

    def holds(self) -> tuple[Hold, ...]:
        self.did.append(("look", ""))
        return tuple(self.there.values())

    def hold(self, hold: Hold, licence: str) -> None:
        self.did.append(("hold", hold.name))
        assert licence == "kw"
        if self.faults:
            raise self.faults.pop()
        across = [
            other.licences
            for other in self.there.values()
            if other.starts_s < hold.ends_s and hold.starts_s < other.ends_s
        ]
        if hold.licences + sum(across) > self.total:
            raise RunnerRefused("Invalid license specification")
        self.there.setdefault(hold.name, hold)
        if self.lost:
            raise self.lost.pop()

    def release(self, name: str) -> None:
        self.did.append(("release", name))
        self.there.pop(name, None)

    def changes(self) -> list[str]:
        """What was done but look, since this was last asked."""
        found = [what for what, _ in self.did if what != "look"]
        self.did.clear()
        return found


@dataclass
class Turns:
    """Two clocks that a test turns."""

    s: int = 0

    def now_s(self) -> int:
        return NOW_S + self.s

    def monotonic_s(self) -> float:
        return float(self.s)


def curtailer(kept: Kept, turns: Turns, *windows: Window, owner: str = "") -> Curtailer:
    return Curtailer(site(*windows), KW, kept, turns.now_s, turns.monotonic_s, owner)


SOON = window(NOW_S + 1000, NOW_S + 2000, 700)


def test_what_is_there_is_not_made_twice() -> None:
    kept, turns = Kept(), Turns()
    keeps = curtailer(kept, turns, SOON)
    keeps.keep()
    assert kept.changes() == ["hold"]
    keeps.keep()
    assert kept.did == []  # Not due yet.
    turns.s = 61
    keeps.keep()
    assert kept.did == [("look", "")]
    # Nor by another node after a restart.
    curtailer(kept, Turns(500), SOON).keep()
    assert kept.changes() == []


def test_a_call_is_held_at_once_and_let_go_when_it_is_taken_back() -> None:
    kept, turns = Kept(), Turns()
    keeps = curtailer(kept, turns)
    keeps.keep()
    keeps.curb([(0, 1000), (NOW_S + 500, 300), (NOW_S + 900, 1000)])
    keeps.keep()
    (hold,) = kept.there.values()
    assert (hold.starts_s, hold.ends_s, hold.licences) == (NOW_S + 500, NOW_S + 900, 7)
    kept.did.clear()
    keeps.curb([(0, 1000), (NOW_S + 500, 300), (NOW_S + 900, 1000)])
    keeps.keep()
    assert kept.did == []  # No news: it is not due.
    keeps.curb([(0, 1000)])
    keeps.keep()
    assert kept.there == {}


def test_what_is_told_while_it_keeps_is_kept_next() -> None:
    kept, turns = Kept(), Turns()
    keeps = curtailer(kept, turns, SOON)
    hold = kept.hold

    def told_meanwhile(one: Hold, licence: str) -> None:
        keeps.curb([(0, 600)])
        hold(one, licence)

    kept.hold = told_meanwhile  # type: ignore[method-assign]
    keeps.keep()
    kept.hold = hold  # type: ignore[method-assign]
    keeps.keep()
    assert [one.licences for one in kept.there.values()] == [4]


def test_the_new_one_comes_before_the_old_one_goes() -> None:
    kept = Kept()
    curtailer(kept, Turns(), SOON).keep()
    kept.changes()
    curtailer(kept, Turns(), window(NOW_S + 1000, NOW_S + 2500, 600)).keep()
    assert kept.changes() == ["hold", "release"]
    (left,) = kept.there.values()
    assert (left.ends_s, left.licences) == (NOW_S + 2500, 4)


def test_a_hold_of_more_than_half_is_replaced_although_both_do_not_fit() -> None:
    """Slurm would refuse the new one for as long as the old one is there."""
    kept = Kept(total=10)
    curtailer(kept, Turns(), window(NOW_S + 1000, NOW_S + 2000, 300)).keep()
    kept.changes()
    curtailer(kept, Turns(), window(NOW_S + 1000, NOW_S + 2500, 200)).keep()
    assert kept.changes() == ["hold", "release", "hold"]
    assert [hold.licences for hold in kept.there.values()] == [8]


def test_a_refusal_with_nothing_to_give_up_is_told() -> None:
    kept = Kept(total=1)
    with pytest.raises(RunnerRefused):
        curtailer(kept, Turns(), SOON).keep()
    assert kept.changes() == ["hold"]


def test_an_endless_window_is_renewed_each_day_and_held_once() -> None:
    kept, turns = Kept(total=10), Turns()
    keeps = curtailer(kept, turns, window(100, NEVER_S, 300))
    ends = []
    for day in range(3):
        turns.s = day * DAY_S
        keeps.keep()
        (hold,) = kept.there.values()
        ends.append(hold.ends_s)
    assert [later - earlier for earlier, later in pairwise(ends)] == [DAY_S] * 2


def test_reservations_of_others_are_left_alone() -> None:
    others = {
        name: Hold(name, NOW_S, NOW_S + DAY_S, 1) for name in ("maint", "allodium", "xallod_")
    }
    kept = Kept(there=dict(others))
    curtailer(kept, Turns(), SOON).keep()
    curtailer(kept, Turns()).keep()
    assert kept.there == others
    assert kept.changes() == ["hold", "release"]


def test_two_owners_leave_each_other_alone() -> None:
    """Nodes, and sites of one node, that share a cluster; one name begins as the other does."""
    kept = Kept()
    owners = ("0000000a_n", "0000000a_north", "0000000b_n")
    for owner in owners:
        curtailer(kept, Turns(), SOON, owner=owner).keep()
    assert kept.changes() == ["hold"] * 3
    assert [hold.licences for hold in kept.there.values()] == [3] * 3
    for owner in owners:
        curtailer(kept, Turns(), SOON, owner=owner).keep()
    assert kept.changes() == []
    theirs = [name for name in kept.there if not name.startswith("allod_0000000a_n_")]
    curtailer(kept, Turns(), owner=owners[0]).keep()
    assert kept.changes() == ["release"]
    assert list(kept.there) == theirs


@pytest.mark.parametrize("error", [RunnerRefused("no"), RunnerUnknown("who knows")])
def test_an_error_leaves_it_due_again_soon(error: AllodError) -> None:
    kept, turns = Kept(faults=[error]), Turns()
    keeps = curtailer(kept, turns, SOON)
    with pytest.raises(type(error)):
        keeps.keep()
    turns.s = 9
    keeps.keep()
    assert kept.changes() == ["hold"]  # Whoever has no time is not asked at every look.
    turns.s = 10
    keeps.keep()
    assert kept.changes() == ["hold"]
    assert len(kept.there) == 1


def test_a_hold_whose_answer_was_lost_is_found_again() -> None:
    kept = Kept(lost=[RunnerUnknown("Socket timed out")])
    turns = Turns()
    keeps = curtailer(kept, turns, SOON)
    with pytest.raises(RunnerUnknown):
        keeps.keep()
    turns.s = 10
    keeps.keep()
    assert kept.did == [("look", ""), ("hold", *kept.there), ("look", "")]


def test_an_unknown_answer_gives_nothing_up() -> None:
    kept = Kept()
    curtailer(kept, Turns(), SOON).keep()
    kept.faults.append(RunnerUnknown("Socket timed out"))
    with pytest.raises(RunnerUnknown):
        curtailer(kept, Turns(), window(NOW_S + 1000, NOW_S + 2500, 600)).keep()
    assert [hold.licences for hold in kept.there.values()] == [3]


# ------------------------------------------------------------ in Slurm


@pytest.fixture
def keeper(bench: Bench) -> Iterator[CommandCluster]:
    """Who holds licences of a cluster back; no reservation is left after the test."""
    command = SlurmCommand(as_user="nobody-else", conf=str(bench.cluster.conf))
    found = CommandCluster(CommandShell(command), "root")
    yield found
    for hold in found.holds():
        found.release(hold.name)


def test_slurm_holds_a_window_and_lets_go_when_it_is_gone(
    bench: Bench, keeper: CommandCluster
) -> None:
    kilowatts = PowerLicence(name="kw", unit_w=1000)

    def keep(*windows: Window) -> None:
        whole = site(*windows, power_w=400_000)
        Curtailer(whole, kilowatts, keeper, lambda: int(time.time()), time.monotonic).keep()

    def reserved() -> int:
        (found,) = keeper.licences()
        return found.reserved

    now_s = int(time.time())
    bench.cluster.scontrol(
        *"create reservation ReservationName=theirs StartTime=now+5hours Duration=60".split(),
        *"Users=root Licenses=kw:1 Flags=ANY_NODES".split(),
    )
    # Two thirds: the second one does not fit beside the first.
    keep(window(now_s - 100, now_s + 3000, 140_000))
    wait_for(lambda: reserved() == 260, "the hold to begin")
    keep(window(now_s - 100, now_s + 3600, 150_000))
    ours = [hold for hold in keeper.holds() if hold.name.startswith("allod_")]
    assert [(hold.ends_s, hold.licences) for hold in ours] == [(now_s + 3600, 250)]
    wait_for(lambda: reserved() == 250, "the second hold to begin")

    runner = bench.runner(power_licence={"name": "kw", "unit_w": 1000})
    runner.start(order("true", workload_id="small", power_w=150_000))
    assert bench.until(runner, "ended", ("small", 1)).exit_status == 0
    runner.start(order("true", power_w=151_000))
    reasons = ("Licenses", "Reservation")
    wait_for(lambda: runner.observe([("w-1", 1)])[("w-1", 1)].detail in reasons, "the reason")
    keep()
    assert [hold.name for hold in keeper.holds()] == ["theirs"]
    assert bench.until(runner, "ended").exit_status == 0


def test_slurm_takes_a_hold_and_a_release_twice(bench: Bench, keeper: CommandCluster) -> None:
    hold = Hold("allod_x", int(time.time()) + 500, int(time.time()) + 900, 300)
    keeper.hold(hold, "kw")
    keeper.hold(hold, "kw")
    assert keeper.holds() == (hold,)
    keeper.release(hold.name)
    keeper.release(hold.name)
    assert keeper.holds() == ()
    with pytest.raises(RunnerRefused, match="license"):
        keeper.hold(hold, "steam")
    with pytest.raises(RunnerRefused, match="license"):
        keeper.hold(Hold("allod_y", hold.starts_s, hold.ends_s, 401), "kw")


def test_what_runs_goes_on_under_a_hold(bench: Bench, keeper: CommandCluster) -> None:
    """P2: a window may begin while more is drawn than it leaves."""
    job_id = bench.submitted(licenses="kw:300")
    bench.until_raw(job_id, "RUNNING")
    keeper.hold(Hold("allod_z", int(time.time()) + 1, int(time.time()) + 900, 350), "kw")
    wait_for(lambda: keeper.licences()[0].reserved == 350, "the hold to begin")
    assert bench.listed(job_id).states == ("RUNNING",)


def test_slurm_holds_a_call_that_the_engine_was_told(bench: Bench, keeper: CommandCluster) -> None:
    """From the event to the reservation, by the one place that knows caps over time."""
    now_s = int(time.time())
    whole = site(power_w=400_000)
    assert whole.envelope is not None
    call = CurtailmentCalled(
        at_s=now_s,
        site="north",
        name="peak",
        path="site",
        starts_s=now_s - 100,
        ends_s=now_s + 3000,
        power_w=150_000,
    )
    kilowatts = PowerLicence(name="kw", unit_w=1000)
    keeps = Curtailer(whole, kilowatts, keeper, lambda: int(time.time()), time.monotonic)

    def told(outlook: Outlook) -> None:
        keeps.curb(caps_known(outlook, "north", "site", whole.envelope.site))  # type: ignore[union-attr]
        keeps.keep()

    def reserved() -> int:
        (found,) = keeper.licences()
        return found.reserved

    told(NO_OUTLOOK.with_call(call))
    wait_for(lambda: reserved() == 250, "the hold to begin")
    assert [(hold.ends_s, hold.licences) for hold in keeper.holds()] == [(now_s + 3000, 250)]
    told(NO_OUTLOOK.with_call(replace(call, at_s=now_s + 1, ends_s=now_s)))
    assert keeper.holds() == ()
