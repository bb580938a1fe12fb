"""Submitting: keys, lost answers, refusals, waiting for the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from allod.cli import client
from tests.cli.conftest import Allod
from tests.cli.played import Answer, Asked, PlayedNode, decision, problem, reason, workload

FILE = """\
apiVersion: allod/v1
kind: Workload
metadata: {name: train}
spec: {project: fjord, accelerators: 16, wall_time_s: 90m, command: ["true"]}
"""


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "train.yaml").write_text(FILE)
    return "train.yaml"


def answer(kind: str = "placement", state: str = "placed", **changed: Any) -> dict[str, Any]:
    return {"id": "w1", "name": "train", "state": state, "decision": decision(kind, **changed)}


def keys(node: PlayedNode) -> list[str]:
    posted = [asked for asked in node.asked if asked.path == "/v1/workloads"]
    return [asked.headers["idempotency-key"] for asked in posted]


def test_a_placement_says_where(allod: Allod, node: PlayedNode, file: str) -> None:
    node.on("POST", "/v1/workloads", Answer(answer(), 201))
    result = allod("submit", file)
    assert result.out == "w1 train: placed at narvik/gb300, 16 accelerators, class startups\n"
    assert (result.status, result.err) == (0, "")
    sent = node.asked[0]
    assert sent.headers["authorization"] == "Bearer secret"
    assert sent.body["kind"] == "Workload"
    assert sent.body["spec"]["wall_time_s"] == 5400


def test_a_hold_says_what_for_and_is_no_failure(allod: Allod, node: PlayedNode, file: str) -> None:
    node.on("POST", "/v1/workloads", answer("hold", "waiting"))
    result = allod("submit", file)
    assert result.status == 0
    assert result.out == ("w1 train: waits: narvik: 12 accelerators are free, 16 are asked for\n")


def tried(kind: str, state: str) -> dict[str, Any]:
    blocked = {
        "site": "narvik",
        "blockers": [reason()],
        "spoke_for": [],
        "change": "4 more accelerators",
        "expected_at_s": None,
        "basis": "",
    }
    why = {"workload_id": "dry-run", "state": state, "expected_at_s": None, "basis": ""}
    return {
        "dry_run": True,
        "name": "train",
        "state": state,
        "decision": decision(kind),
        "others": [{**decision("hold"), "kind": "reclaim"}] if kind == "placement" else [],
        "explanation": why | {"sites": [blocked]},
    }


@pytest.mark.parametrize(
    ("kind", "state", "line", "status"),
    [
        (
            "placement",
            "placed",
            "train would be placed at narvik/gb300, 16 accelerators, class startups",
            0,
        ),
        ("hold", "waiting", "train would wait: narvik: 12 accelerators are free", 0),
        ("refusal", "refused", "train would be refused: narvik: storage is not permitted", 1),
    ],
)
def test_what_is_tried_is_told_for_every_site(
    allod: Allod, node: PlayedNode, file: str, kind: str, state: str, line: str, status: int
) -> None:
    node.on("POST", "/v1/workloads", tried(kind, state))
    result = allod("submit", "--dry-run", file)
    assert (result.status, result.err) == (status, "")
    assert result.out.startswith(line)
    assert ("for it 1 workload would lose lent room: w1" in result.out) is (kind == "placement")
    assert "change    4 more accelerators" in result.out
    assert node.asked[0].query == {"dry_run": ["true"]}
    assert "idempotency-key" not in node.asked[0].headers


def test_what_is_tried_is_one_json_list(allod: Allod, node: PlayedNode, file: str) -> None:
    node.on("POST", "/v1/workloads", tried("hold", "waiting"))
    result = allod("submit", "--dry-run", "--json", file)
    assert [item["state"] for item in result.json] == ["waiting"]


@pytest.mark.parametrize("option", [("--wait",), ("--count", "2"), ("--key", "k")])
def test_what_means_nothing_beside_a_dry_run_is_refused(
    allod: Allod, node: PlayedNode, file: str, option: tuple[str, ...]
) -> None:
    result = allod("submit", "--dry-run", *option, file)
    assert (result.status, node.asked) == (2, [])
    assert option[0] in result.err


def test_a_refusal_says_why_and_ends_with_one(allod: Allod, node: PlayedNode, file: str) -> None:
    node.on("POST", "/v1/workloads", answer("refusal", "refused"))
    result = allod("submit", file)
    assert result.status == 1
    assert result.out == "w1 train: refused: narvik: storage is not permitted in NO\n"


def test_each_submission_has_a_key_of_its_own(allod: Allod, node: PlayedNode, file: str) -> None:
    node.on("POST", "/v1/workloads", answer())
    allod("submit", file)
    allod("submit", file, "--count", "3")
    assert len(keys(node)) == 4
    assert len(set(keys(node))) == 4


def test_the_same_key_gives_the_same_keys(allod: Allod, node: PlayedNode, file: str) -> None:
    node.on("POST", "/v1/workloads", answer())
    for _ in range(2):
        allod("submit", file, "--count", "2", "--key", "monday")
    assert keys(node) == ["monday.train.1", "monday.train.2"] * 2


def test_a_lost_answer_is_asked_for_again_by_the_same_key(
    allod: Allod, node: PlayedNode, file: str
) -> None:
    node.on("POST", "/v1/workloads", Answer(lost=True), Answer(lost=True), Answer(answer(), 200))
    result = allod("submit", file)
    assert result.status == 0
    assert len(node.asked) == 3
    assert len(set(keys(node))) == 1


def test_a_node_that_cannot_take_it_now_is_asked_again(
    allod: Allod, node: PlayedNode, file: str
) -> None:
    busy = problem(503, "unavailable", "the log is away", ask_again=True)
    node.on("POST", "/v1/workloads", busy, Answer(answer(), 201))
    assert allod("submit", file).status == 0
    assert len(set(keys(node))) == 1


def test_an_answer_that_stays_away_is_neither_done_nor_refused(
    allod: Allod, node: PlayedNode, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client.NodeClient.__init__, "__kwdefaults__", {"patience_s": 0.3})
    node.on("POST", "/v1/workloads", Answer(lost=True))
    result = allod("submit", file, "--key", "monday")
    assert result.status == 8
    assert "may or may not" in result.err
    assert "--key monday" in result.err


def test_its_own_key_is_told_where_it_is_of_use(
    allod: Allod, node: PlayedNode, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client.NodeClient.__init__, "__kwdefaults__", {"patience_s": 0.3})
    node.on("POST", "/v1/workloads", Answer(answer(), 201))
    (taken,) = allod("submit", file, "--json").json
    assert taken["key"] == keys(node)[0]
    node.on("POST", "/v1/workloads", Answer(answer(), 201), Answer(lost=True))
    result = allod("submit", file, "--count", "2")
    # The key of a copy is made of it, and would make other keys.
    base = keys(node)[-1].removesuffix(".train.2")
    assert f"with --key {base};" in result.err
    assert "1 workload before it was taken" in result.err
    node.asked.clear()
    node.on("POST", "/v1/workloads", Answer(answer(), 200))
    assert allod("submit", file, "--count", "2", "--key", base).status == 0
    assert keys(node) == [f"{base}.train.1", f"{base}.train.2"]


def test_the_reason_told_is_one_of_a_site_that_was_asked_for(
    allod: Allod, node: PlayedNode, file: str, tmp_path: Path
) -> None:
    reasons = [
        reason(site="cambrai", step="law", code="site-not-asked-for", message="narvik alone"),
        reason(site="cambrai", step="law", message="storage is not permitted in FR"),
        reason(site="narvik", step="class", message="no class for it", forever=True),
    ]
    node.on("POST", "/v1/workloads", Answer(answer("refusal", "refused", reasons=reasons), 201))
    (tmp_path / "at.yaml").write_text(
        FILE.replace("project: fjord", "project: fjord, sites: [narvik]")
    )
    told = allod("submit", "at.yaml").out
    assert told == "w1 train: refused: narvik: no class for it (and 2 more)\n"


def test_a_conflict_is_not_asked_again(allod: Allod, node: PlayedNode, file: str) -> None:
    node.on("POST", "/v1/workloads", problem(409, "conflict", "key 'k' stands for another"))
    assert allod("submit", file, "--key", "k").status == 4
    assert len(node.asked) == 1


def test_what_was_taken_before_an_error_is_told(allod: Allod, node: PlayedNode, file: str) -> None:
    replies = (answer(), problem(422, "invalid-input", "no more"))
    node.on("POST", "/v1/workloads", *replies)
    result = allod("submit", file, "--count", "2", "--json")
    assert result.status == 2
    assert [item["id"] for item in result.json] == ["w1"]
    node.on("POST", "/v1/workloads", *replies)
    result = allod("submit", file, "--count", "2")
    assert result.out.startswith("w1 train: placed")


def test_a_name_of_the_command_line_goes_before_the_file(
    allod: Allod, node: PlayedNode, file: str
) -> None:
    node.on("POST", "/v1/workloads", answer())
    allod("submit", file, "--name", "other")
    assert node.asked[0].body["metadata"] == {"name": "other"}
    result = allod("submit", file, "--name", "Not A Name")
    assert result.status == 2
    assert "--name: metadata.name" in result.err


def test_a_document_that_is_no_workload_goes_elsewhere(
    allod: Allod, node: PlayedNode, tmp_path: Path
) -> None:
    (tmp_path / "p.yaml").write_text(
        "apiVersion: allod/v1\nkind: Project\nmetadata: {name: p}\nspec: {}\n"
    )
    result = allod("submit", "p.yaml")
    assert result.status == 2
    assert result.err == (
        "error: p.yaml:1: Project/p is not a workload\nmend: give it to `allod apply`\n"
    )
    assert node.asked == []


def test_a_service_is_deployed_whatever_is_beside_it(
    allod: Allod, node: PlayedNode, tmp_path: Path
) -> None:
    (tmp_path / "s.yaml").write_text(
        "apiVersion: allod/v1\nkind: Project\nmetadata: {name: p}\nspec: {}\n---\n"
        "apiVersion: allod/v1\nkind: Service\nmetadata: {name: s}\n"
        "spec: {project: p, model: s, engine: vllm, command: [serve], sites: [narvik]}\n"
    )
    result = allod("submit", "s.yaml")
    assert (result.status, node.asked) == (2, [])
    assert result.err == (
        "error: s.yaml:6: Service/s is a model to be called, not a workload\n"
        "mend: give it to `allod service deploy s.yaml`\n"
    )


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot read bad.yaml: no such file or directory"),
        (b"\xff\xfe", "bad.yaml is not UTF-8 text (byte 0)"),
        (b"", "bad.yaml: there is no document"),
        (b"a: [", "not valid YAML"),
        (FILE.replace("command", "comand").encode(), "spec.comand: unknown key"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_before_anything_is_sent(
    allod: Allod, node: PlayedNode, tmp_path: Path, content: bytes | None, said: str
) -> None:
    if content is not None:
        (tmp_path / "bad.yaml").write_bytes(content)
    result = allod("submit", "bad.yaml")
    assert result.status == 2
    assert said in result.err
    assert "mend: " in result.err
    assert node.asked == []


def test_waiting_tells_each_end_and_fails_with_the_work(
    allod: Allod, node: PlayedNode, file: str
) -> None:
    node.on("POST", "/v1/workloads", answer())
    ended = {"placed_at_s": 100, "started_at_s": 101, "ended_at_s": 104}
    node.on(
        "GET",
        "/v1/workloads/w1",
        workload(state="running"),
        workload(state="failed", exit_status=3, **ended),
    )
    result = allod("submit", file, "--wait")
    assert result.status == 1
    assert result.out.splitlines()[-1] == "w1 train: failed after 3s, exit status 3"
    node.on("GET", "/v1/workloads/w1", workload(state="completed", exit_status=0, **ended))
    result = allod("submit", file, "--wait", "--json")
    assert result.status == 0
    assert [view["state"] for view in result.json] == ["completed"]


def test_waiting_outlives_a_node_that_is_away_for_a_moment(
    allod: Allod, node: PlayedNode, file: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("allod.cli.submission._POLL_MAX_S", 0.01)
    node.on("POST", "/v1/workloads", answer())
    node.on(
        "GET",
        "/v1/workloads/w1",
        Answer(lost=True),
        problem(503, "unavailable", "recovering", ask_again=True),
        workload(state="completed"),
    )
    assert allod("submit", file, "--wait").status == 0


def test_documents_come_from_standard_input_too(
    allod: Allod, node: PlayedNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    import io
    import sys

    node.on("POST", "/v1/workloads", answer())
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(FILE.encode())))
    assert allod("submit", "-").status == 0

    def echo(asked: Asked) -> Answer:
        return Answer(answer() | {"name": asked.body["metadata"]["name"]})

    node.on("POST", "/v1/workloads", echo)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"nonsense")))
    result = allod("submit", "-")
    assert result.status == 2
    assert "standard input" in result.err
