"""Batches at the gateway, in OpenAI's shapes, worked off whatever is killed meanwhile."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from typing import Any

import psycopg

from tests.gateway.desk.surroundings import Desk, Engine, Node, ids_of, until
from tests.gateway.desk.test_files import error, upload

NOBODY = {"model": "nobody", "messages": []}


def line(number: int, user: str = "", **given: Any) -> dict[str, Any]:
    return {
        "custom_id": f"call-{number}", "method": "POST", "url": "/v1/chat/completions",
        "body": {"model": "tiny", "user": user, "messages": [{"role": "user", "content": "x"}]},
    } | given  # fmt: skip


def ask(desk: Desk, lines: list[dict[str, Any]], **given: Any) -> dict[str, Any]:
    content = b"".join(json.dumps(each).encode() + b"\n" for each in lines)
    body = {
        "input_file_id": upload(desk, content).json()["id"],
        "endpoint": "/v1/chat/completions", "completion_window": "24h",
    } | given  # fmt: skip
    answer = desk.ask("POST", "/v1/batches", json=body)
    assert answer.status_code == 200, answer.text
    batch: dict[str, Any] = answer.json()
    return batch


def ended(desk: Desk, batch: dict[str, Any], status: str) -> dict[str, Any]:
    def look() -> Any:
        now = desk.get(f"/v1/batches/{batch['id']}").json()
        return now if now["status"] == status else None

    found: dict[str, Any] = until(look, f"the batch is {status}; {desk.said()}")
    return found


def lines_of(desk: Desk, file_id: str) -> list[dict[str, Any]]:
    text = desk.get(f"/v1/files/{file_id}/content").text
    return [json.loads(each) for each in text.splitlines()]


def test_every_line_is_answered_good_and_bad_apart(desk: Desk, database: str) -> None:
    batch = ask(
        desk,
        [line(1), line(2, "bad"), line(3), line(4, body=NOBODY)],
        metadata={"of": "us"},
    )
    assert (batch["object"], batch["status"], batch["errors"]) == ("batch", "validating", None)
    assert batch["expires_at"] == batch["created_at"] + 86_400
    done = ended(desk, batch, "completed")
    assert done["request_counts"] == {"total": 4, "completed": 2, "failed": 2}
    assert (done["model"], done["metadata"]) == ("tiny", {"of": "us"})
    assert done["created_at"] <= done["in_progress_at"] <= done["completed_at"]
    good = lines_of(desk, done["output_file_id"])
    assert sorted(each["custom_id"] for each in good) == ["call-1", "call-3"]
    for each in good:
        assert (each["error"], each["response"]["status_code"]) == (None, 200)
        assert each["response"]["body"]["choices"][0]["message"]["content"] == "x"
    bad = {each["custom_id"]: each["response"] for each in lines_of(desk, done["error_file_id"])}
    assert {name: said["status_code"] for name, said in bad.items()} == {
        "call-2": 400, "call-4": 404,
    }  # fmt: skip
    until(lambda: len(ids_of(database)) >= 3, "the records are shipped")
    told = {each["response"]["request_id"] for each in good}
    assert told <= set(ids_of(database))
    assert {record.batch for record in desk.store.records()} == {batch["id"]}
    page = desk.get("/v1/batches").json()
    assert (page["object"], [each["id"] for each in page["data"]]) == ("list", [batch["id"]])
    kinds = {file["purpose"] for file in desk.get("/v1/files").json()["data"]}
    assert kinds == {"batch", "batch_output"}


def test_what_a_batch_made_goes_when_its_caller_wants_it_to(desk: Desk) -> None:
    kept = {"anchor": "created_at", "seconds": 7_200}
    batch = ask(desk, [line(1), line(2, "bad")], output_expires_after=kept)
    done = ended(desk, batch, "completed")
    for name in (done["output_file_id"], done["error_file_id"]):
        file = desk.get(f"/v1/files/{name}").json()
        assert file["expires_at"] == file["created_at"] + 7_200
    body = {"input_file_id": batch["input_file_id"], "endpoint": batch["endpoint"]}
    for wrong in (kept | {"seconds": 60}, kept | {"anchor": "now"}):
        answer = desk.ask("POST", "/v1/batches", json=body | {"output_expires_after": wrong})
        assert answer.status_code == 400
        assert error(answer)["param"].startswith("output_expires_after")


def test_an_input_that_cannot_be_used_says_why_line_by_line(desk: Desk) -> None:
    bad = [line(1), line(1), line(2, method="GET"), line(3, url="/v1/embeddings"), {"a": 1}]
    failed = ended(desk, ask(desk, bad), "failed")
    faults = [(fault["line"], fault["code"]) for fault in failed["errors"]["data"]]
    assert faults == [
        (2, "duplicate_custom_id"),
        (3, "invalid_method"),
        (4, "mismatched_endpoint"),
        (5, "missing_required_parameter"),
    ]
    assert failed["failed_at"] is not None
    assert ended(desk, ask(desk, []), "failed")["errors"]["data"][0]["code"] == "empty_file"


def test_what_is_asked_wrongly_is_refused(desk: Desk) -> None:
    body = {"input_file_id": "file-nothing", "endpoint": "/v1/chat/completions"}
    answer = desk.ask("POST", "/v1/batches", json=body)
    assert (answer.status_code, error(answer)["param"]) == (400, "input_file_id")
    answer = desk.ask("POST", "/v1/batches", json=body | {"endpoint": "/v1/spells"})
    assert (answer.status_code, error(answer)["param"]) == (400, "endpoint")
    for window in ("15d", "0h", "soon", "1w", ""):
        answer = desk.ask("POST", "/v1/batches", json=body | {"completion_window": window})
        assert (answer.status_code, error(answer)["param"]) == (400, "completion_window"), window
        assert "14 days at most" in error(answer)["message"]
    assert desk.get("/v1/batches/batch_none").status_code == 404
    assert desk.ask("POST", "/v1/batches/batch_none/cancel").status_code == 404


def test_a_cancelled_batch_keeps_what_is_done(desk: Desk, engine: Engine) -> None:
    batch = ask(desk, [line(1), line(2, "hold"), line(3, "hold"), *map(line, range(4, 9))])
    assert engine.holding.wait(30)
    said = desk.ask("POST", f"/v1/batches/{batch['id']}/cancel").json()
    assert said["status"] == "cancelling"
    done = ended(desk, batch, "cancelled")
    counts = done["request_counts"]
    assert counts["completed"] + counts["failed"] == counts["total"] == 8
    undone = {each["error"]["code"] for each in lines_of(desk, done["error_file_id"])}
    assert undone == {"batch_cancelled"}
    again = desk.ask("POST", f"/v1/batches/{batch['id']}/cancel")
    assert again.json()["status"] == "cancelled"


def test_a_batch_whose_time_is_over_ends_with_what_it_has(
    desk: Desk, engine: Engine, database: str
) -> None:
    batch = ask(desk, [line(1, "hold"), line(2, "hold"), line(3, "hold")])
    assert engine.holding.wait(30)
    with psycopg.connect(database) as session:
        session.execute(
            "UPDATE allod.gateway_batch SET expires_at_s = 1 WHERE id = %s", [batch["id"]]
        )
    done = ended(desk, batch, "expired")
    assert done["request_counts"] == {"total": 3, "completed": 0, "failed": 3}
    assert done["output_file_id"] is None
    undone = {each["error"]["code"] for each in lines_of(desk, done["error_file_id"])}
    assert undone == {"batch_expired"}


def test_a_killed_desk_goes_on_where_it_was_and_bills_nothing_twice(
    desk: Desk, engine: Engine, node: Node, database: str
) -> None:
    batch = ask(desk, [*map(line, range(20)), line(20, "hold")])
    # One alone: how many are in flight together is the gateway's own choice.
    assert engine.holding.wait(30)
    part = desk.place.files / f"{batch['id']}.output.part"
    until(lambda: part.exists() and len(part.read_bytes().splitlines()) == 20, "20 are done")
    [worker] = desk.worker_pids()
    desk.kill()
    os.kill(worker, signal.SIGKILL)
    with part.open("ab") as torn:
        torn.write(b'{"id": "batch_req')
    engine.let_go.set()
    desk.start()
    done = ended(desk, batch, "completed")
    assert done["request_counts"] == {"total": 21, "completed": 21, "failed": 0}
    answers = lines_of(desk, done["output_file_id"])
    assert sorted(each["custom_id"] for each in answers) == sorted(f"call-{n}" for n in range(21))
    # Those that were done were not asked again; the one in flight was.
    assert len([call for call in engine.calls if call["user"] == ""]) == 20
    # What was cut off came to nothing; what answered it then is billed all the same, once.
    until(lambda: len(ids_of(database)) == 22, "each line has one record, and one was cut off")
    outcomes = Counter((one.outcome, one.answer_tokens) for one in desk.store.records())
    assert outcomes == {("completed", 3): 21, ("interrupted", 0): 1}


def test_the_bytes_of_a_batch_never_reach_its_log(desk: Desk) -> None:
    marked = line(1)
    marked["body"]["messages"][0]["content"] = "very private words"
    ended(desk, ask(desk, [marked]), "completed")
    assert "very private words" not in desk.said()
    assert "sk-allod" not in desk.said()
