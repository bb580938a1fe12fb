"""queue, show, why, cancel, logs, decisions: what a person reads."""

from __future__ import annotations

import time
from itertools import islice
from typing import Any

import pytest

from allod.cli import client, decisions
from allod.cli.complete import workload_ids
from tests.cli.conftest import Allod
from tests.cli.played import Answer, Asked, PlayedNode, decision, problem, reason, workload

NOW_S = 1_800_000_180


@pytest.fixture(autouse=True)
def _clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: float(NOW_S))


def listed(*items: dict[str, Any], next: str | None = None) -> dict[str, Any]:
    return {"items": list(items), "next": next}


def by_state(**items: list[dict[str, Any]]) -> Any:
    def reply(asked: Asked) -> Answer:
        state = asked.query.get("state", ["all"])[0]
        return Answer(listed(*items.get(state, [])))

    return reply


RUNNING = workload(
    id="w2",
    state="running",
    site="narvik",
    pool="gb300",
    run=1,
    nodes=[[0, 4], [1, 4]],
    placed_at_s=NOW_S - 100,
    started_at_s=NOW_S - 90,
    ends_at_s=NOW_S + 3600,
    lent=True,
    power_w=36_000,
    reasons=[],
)


def test_the_queue_shows_holders_then_waiters_by_their_turn(allod: Allod, node: PlayedNode) -> None:
    later = workload(id="w9", submitted_at_s=NOW_S - 60)
    node.on("GET", "/v1/workloads", by_state(waiting=[later, workload()], running=[RUNNING]))
    result = allod("queue")
    heading, *rows = result.out.splitlines()
    assert heading.split("  ")[0] == "id"
    assert len({len(line) for line in (heading, *rows)}) == 1
    begin, end = heading.index("waiting for"), heading.index("since")
    assert [(row.split()[0], row[begin:end].strip(), row[end:].strip()) for row in rows] == [
        ("w2", "-", "1m30s"),
        ("w1", "narvik: 12 accelerators are free, 16 are asked for", "3m"),
        ("w9", "narvik: 12 accelerators are free, 16 are asked for", "1m"),
    ]
    assert "narvik/gb300  16  running" in rows[0]
    assert [asked.query["state"][0] for asked in node.asked] == [
        "running",
        "placed",
        "stopping",
        "waiting",
    ]


def test_filters_go_to_the_node(allod: Allod, node: PlayedNode) -> None:
    node.on("GET", "/v1/workloads", listed())
    result = allod(
        *("queue", "--state", "refused", "--project", "fjord", "--site", "narvik"),
        *("--class", "c", "--search", "train"),
    )
    assert (result.status, result.out) == (0, "")
    assert result.err == "no workload (refused) is there\n"
    assert node.asked[0].query == {
        "limit": ["50"],
        "state": ["refused"],
        "project": ["fjord"],
        "site": ["narvik"],
        "access_class": ["c"],
        "q": ["train"],
    }


def test_an_unknown_state_is_told_the_near_one(allod: Allod, node: PlayedNode) -> None:
    result = allod("queue", "--state", "runing")
    assert result.status == 2
    assert "write 'running'" in result.err
    assert node.asked == []


def test_all_pages_are_walked_where_all_is_asked_for(allod: Allod, node: PlayedNode) -> None:
    node.on(
        "GET", "/v1/workloads", listed(workload(id="w2"), next="cursor"), listed(workload(id="w1"))
    )
    result = allod("queue", "--state", "all", "--limit", "0", "--json")
    assert [item["id"] for item in result.json] == ["w1", "w2"]
    assert node.asked[1].query["after"] == ["cursor"]


def test_a_list_that_is_cut_says_of_how_many(allod: Allod, node: PlayedNode) -> None:
    node.on("GET", "/v1/workloads/count", Answer({"count": 3204, "at_seq": 40}))
    node.on("GET", "/v1/workloads", listed(workload(), next="cursor"))
    result = allod("queue", "--state", "waiting", "--limit", "1")
    assert "only the latest 1 of each state are shown, of 3,204" in result.err
    assert node.asked[-1].query == {"state": ["waiting"]}


def test_json_is_the_only_thing_on_standard_output(allod: Allod, node: PlayedNode) -> None:
    node.on("GET", "/v1/workloads", by_state())
    result = allod("queue", "--json")
    assert (result.json, result.err) == ([], "")


def test_show_has_what_is_known_and_leaves_out_what_is_not(allod: Allod, node: PlayedNode) -> None:
    node.on("GET", "/v1/workloads/w2", RUNNING)
    node.on(
        "GET",
        "/v1/workloads/w2/decisions",
        listed({"seq": 9, **decision("placement")}, {"seq": 8, **decision("hold")}),
    )
    result = allod("show", "w2")
    lines = result.out.splitlines()
    assert "workload   w2 train" in lines
    assert "placed at  narvik/gb300, run 1" in lines
    assert "nodes      0×4, 1×4" in lines
    assert "power      36.0 kW" in lines
    assert "ends by    2027-01-15 09:03:00 UTC (in 1h)" in lines
    assert not [line for line in lines if line.startswith(("ended", "detail", "stops by"))]
    assert lines[-2].split()[:5] == ["9", "2027-01-15", "08:00:00", "UTC", "placement"]
    assert allod("show", "w2", "--json").json["decisions"][1]["kind"] == "hold"


def explanation(**changed: Any) -> dict[str, Any]:
    return {
        "workload_id": "w1",
        "state": "waiting",
        "expected_at_s": NOW_S + 2100,
        "basis": "w2 ends by then",
        "sites": [
            {
                "site": "cambrai",
                "blockers": [
                    reason(
                        site="cambrai",
                        step="law",
                        message="storage is not permitted in FR",
                        needed="MA",
                        actual="FR",
                        origin="Dataset/health",
                        forever=True,
                    ),
                    reason(
                        site="cambrai",
                        step="law",
                        message="processing is not permitted in FR",
                        needed="",
                        actual="",
                    ),
                    reason(site="cambrai", step="room", message="no room"),
                ],
                "change": "let Dataset/health be stored and processed in FR",
                "expected_at_s": None,
                "basis": "",
            },
            {
                "site": "narvik",
                "blockers": [reason()],
                "change": "ask for 12 accelerators",
                "expected_at_s": NOW_S + 2100,
                "basis": "w2 ends by then",
            },
        ],
    } | changed


def test_why_gives_every_site_all_reasons_in_the_order_of_judging(
    allod: Allod, node: PlayedNode
) -> None:
    node.on("GET", "/v1/workloads/w1", workload())
    node.on("GET", "/v1/workloads/w1/why", explanation())
    assert (
        allod("why", "w1").out
        == """\
w1 train waits; expected to start 2027-01-15 08:38:00 UTC (in 35m): w2 ends by then

cambrai: no, and waiting does not change that
  law       storage is not permitted in FR
            processing is not permitted in FR
  room      no room
  change    let Dataset/health be stored and processed in FR

narvik: not now
  room      12 accelerators are free, 16 are asked for
  change    ask for 12 accelerators
  expected  2027-01-15 08:38:00 UTC (in 35m); w2 ends by then
"""
    )


def test_show_tells_what_a_run_may_have_drawn(allod: Allod, node: PlayedNode) -> None:
    times = {"started_at_s": NOW_S - 7_200, "ended_at_s": NOW_S - 3_600}
    ended = workload(state="completed", accelerators=4, power_w=5_000, modelled_wh=5_000, **times)
    node.on("GET", "/v1/workloads/w1", ended)
    node.on("GET", "/v1/workloads/w1/decisions", listed())
    told = allod("show", "w1").out
    assert "5,000 Wh at most at the meter: its power over its time, 1,250 Wh per acc" in told
    assert "measured" not in told
    counted = {"measured_j": 9_000_000, "modelled_carbon_g": 70, "modelled_water_l": 3}
    node.on("GET", "/v1/workloads/w1", ended | counted)
    told = allod("show", "w1").out
    assert "2,500 Wh measured at its nodes, 625 Wh per accelerator-hour" in told
    assert "; 70 g CO2e by the forecast, 17.5 g CO2e per accelerator-hour; 3 l by the" in told
    node.on("GET", "/v1/workloads/w1", ended | {"measured_j": 2_029, "measured_shared": True})
    assert "0.564 Wh measured at its nodes, with what others drew" in allod("show", "w1").out


def test_show_tells_what_a_run_is_expected_to_use(allod: Allod, node: PlayedNode) -> None:
    expected = {"carbon_g": 0, "energy_wh": 61_000, "water_l": None}
    node.on("GET", "/v1/workloads/w2", RUNNING | {"expected": expected})
    node.on("GET", "/v1/workloads/w2/decisions", listed())
    told = allod("show", "w2").out
    assert "expects    61,000 Wh, 0 g CO2e at the meter, if it runs to its limit" in told


def test_why_of_work_that_runs_or_has_ended_says_that_first(allod: Allod, node: PlayedNode) -> None:
    node.on("GET", "/v1/workloads/w2", RUNNING)
    node.on("GET", "/v1/workloads/w2/why", explanation(sites=[]))
    told = allod("why", "w2").out
    assert told == "w2 train is running at narvik/gb300, on lent room that may be reclaimed\n"
    node.on("GET", "/v1/workloads/w2", RUNNING | {"state": "refused", "ended_at_s": None})
    assert allod("why", "w2").out == (
        "w2 train was refused: as it was asked for it can never run\n"
    )
    node.on("GET", "/v1/workloads/w2", RUNNING | {"state": "timeout", "ended_at_s": NOW_S})
    assert allod("why", "w2").out == (
        "w2 train was stopped at 2027-01-15 08:03:00 UTC: its wall time was over\n"
    )


def test_why_of_completed_work_tells_what_spoke_for_its_site(
    allod: Allod, node: PlayedNode
) -> None:
    spoke = [
        reason(step="law", code="law-permits", message="every rule that binds it permits narvik"),
        reason(step="class", code="lent-room", message="the room is lent"),
    ]
    site = {"site": "narvik", "blockers": [], "change": "", "expected_at_s": None, "basis": ""}
    ended = RUNNING | {"state": "completed", "ended_at_s": NOW_S}
    node.on("GET", "/v1/workloads/w2", ended)
    node.on("GET", "/v1/workloads/w2/why", explanation(sites=[site | {"spoke_for": spoke}]))
    assert (
        allod("why", "w2").out
        == """\
w2 train completed at 2027-01-15 08:03:00 UTC

narvik: it was placed there
  law       every rule that binds it permits narvik
  class     the room is lent
"""
    )
    reclaimed = [reason(step="class", code="floor-reclaimed", message="w3 is within its floor")]
    node.on("GET", "/v1/workloads/w2", ended | {"state": "reclaimed"})
    node.on("GET", "/v1/workloads/w2/why", explanation(sites=[site | {"blockers": reclaimed}]))
    assert "narvik: it had to go from there\n  class     w3 is" in allod("why", "w2").out


def test_an_unknown_start_is_not_made_up(allod: Allod, node: PlayedNode) -> None:
    node.on("GET", "/v1/workloads/w1", workload())
    node.on("GET", "/v1/workloads/w1/why", explanation(expected_at_s=None, basis="", sites=[]))
    assert allod("why", "w1").out == "w1 train waits; when it can start is not known\n"


def test_cancel_goes_through_all_and_ends_with_the_first_error(
    allod: Allod, node: PlayedNode
) -> None:
    node.on("GET", "/v1/workloads/w1", workload())
    node.on("POST", "/v1/workloads/w1/cancel", workload(state="cancelled"))
    node.on("GET", "/v1/workloads/w3", workload(id="w3", state="completed"))
    node.on("POST", "/v1/workloads/w3/cancel", workload(id="w3", state="completed"))
    node.on("GET", "/v1/workloads/w7", problem(404, "not-found", "there is no workload 'w7'"))
    result = allod("cancel", "w7", "w1", "w3", "w1")
    assert result.status == 3
    assert result.err == "error: there is no workload 'w7'\n"
    assert result.out == "w1 train: cancelled\nw3 train: completed; it stays as it is\n"
    assert len(node.bodies("POST", "/v1/workloads/w1/cancel")) == 1


def test_output_is_printed_as_it_was_written(allod: Allod, node: PlayedNode) -> None:
    def reply(asked: Asked) -> Answer:
        offset = int(asked.query.get("offset", ["0"])[0])
        parts = {0: (b"a\nb", 3), 3: (b"\tc\n", 10), 10: (b"", 10)}
        data, following = parts[offset]
        return Answer(data, headers={"Allod-Next-Offset": str(following)})

    node.on("GET", "/v1/workloads/w1/logs", reply)
    result = allod("logs", "w1", "--stderr", "--run", "2")
    assert result.out == "a\nb\tc\n"
    assert result.err == "4 bytes of the output were not kept: it was over the limit\n"
    assert node.asked[0].query["stream"] == ["stderr"]
    assert node.asked[0].query["run"] == ["2"]
    assert allod("logs", "w1", "--json").json == {
        "id": "w1",
        "stream": "stdout",
        "text": "a\nb\tc\n",
        "missing_bytes": 4,
    }


def test_work_that_has_not_run_has_written_nothing(allod: Allod, node: PlayedNode) -> None:
    no_run = problem(404, "not-found", "workload 'w1' has no run 0", "it has no run yet")
    node.on("GET", "/v1/workloads/w1/logs", no_run)
    result = allod("logs", "w1")
    assert (result.status, result.out) == (3, "")
    assert "has not run, so it has written nothing" in result.err
    assert "`allod why w1`" in result.err


def test_followed_output_ends_with_the_work(allod: Allod, node: PlayedNode) -> None:
    node.on("GET", "/v1/workloads/w1/logs", Answer(b"one\ntwo\n"))
    result = allod("logs", "w1", "--follow")
    assert (result.status, result.out) == (0, "one\ntwo\n")
    assert node.asked[0].query["follow"] == ["true"]
    node.on("GET", "/v1/workloads/w1/logs", problem(404, "not-found", "it has no run"))
    assert allod("logs", "w1", "--follow").status == 3


def test_decisions_end_with_the_latest(allod: Allod, node: PlayedNode) -> None:
    found = ({"seq": 9, **decision("placement")}, {"seq": 8, **decision("hold")})
    node.on("GET", "/v1/decisions", listed(*found, next="more"))
    result = allod("decisions", "--limit", "2")
    rows = [line.split()[0] for line in result.out.splitlines()]
    assert rows == ["seq", "8", "9"]
    assert "only the last 2 are shown" in result.err


def event(seq: int) -> bytes:
    return b'id: %d\ndata: {"seq":%d,"kind":"decision/Hold","record":{}}\n\n' % (seq, seq)


def test_followed_decisions_go_on_where_the_node_broke_off(
    node: PlayedNode, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(decisions, "_PAUSE_S", 0.0)
    node.on("GET", "/healthz", {"seq": 4})
    node.on(
        "GET",
        "/v1/events",
        Answer(b"retry: 2000\n\n" + event(5) + b": quiet\n\nid: 7\n\n"),
        Answer(lost=True),
        Answer(event(8) + event(9)),
    )
    with client.NodeClient(node.url) as speaking:
        leaves = list(islice(decisions._leaves(speaking, ""), 3))
    assert [leaf["seq"] for leaf in leaves] == [5, 8, 9]
    asked = [asked.query["after"] for asked in node.asked if asked.path == "/v1/events"]
    assert asked == [["4"], ["7"], ["7"]]
    assert capsys.readouterr().err.count("waiting for it to come back") == 1


def test_ids_are_completed_from_what_the_node_has(node: PlayedNode) -> None:
    node.on("GET", "/v1/workloads", listed(workload(id="w12"), workload(id="w2")))
    assert workload_ids("w1") == [("w12", "train")]
    node.on("GET", "/v1/workloads", problem(503, "unavailable", "away", ask_again=True))
    assert workload_ids("w") == []


def test_the_queue_tells_a_reason_that_waiting_may_take_away(
    allod: Allod, node: PlayedNode
) -> None:
    never = reason(site="cambrai", step="law", message="not permitted", forever=True)
    room = reason(site="cambrai", message="no room")
    waits = workload(reasons=[never, room, reason(site="narvik", message="8 are free")])
    node.on("GET", "/v1/workloads", by_state(waiting=[waits]))
    assert "narvik: 8 are free (and 2 more)" in allod("queue").out


def test_work_that_was_reclaimed_tells_what_it_waits_for_now(
    allod: Allod, node: PlayedNode
) -> None:
    went = reason(step="class", code="floor-reclaimed", message="w5 is within its floor")
    again = workload(
        reasons=[went], run=1, outcome="reclaimed", exit_status=143, detail="stopped for w5"
    )
    node.on("GET", "/v1/workloads", by_state(waiting=[again]))
    node.on("GET", "/v1/workloads/w1/why", explanation())
    line = allod("queue").out.splitlines()[1]
    assert "narvik: 12 accelerators are free, 16 are asked for (and 3 more)" in line
    node.on("GET", "/v1/workloads/w1/why", problem(404, "not-found", "it has ended"))
    assert "its lent room was reclaimed" in allod("queue").out
    node.on("GET", "/v1/workloads/w1", again)
    node.on("GET", "/v1/workloads/w1/decisions", listed())
    lines = allod("show", "w1").out.splitlines()
    assert "last run   run 1, reclaimed, stopped for w5, exit 143" in lines
    assert not [line for line in lines if line.startswith(("exit", "detail"))]
