"""/log: whoever trusts nobody reads it over HTTP and comes to the same root; exports; receipts."""

from __future__ import annotations

import threading
from typing import Any

import anyio
import httpx
import pytest
from fastapi import FastAPI

from allod.api import ApiSettings, create_app
from allod.errors import AllodError, InvalidInput, InvalidProof, Unavailable
from allod.prove.checkpoint import Checkpoint, open_checkpoint
from allod.prove.merkle import Tree, leaf_hash, verify_consistency, verify_inclusion
from allod.prove.note import VerifierKey
from allod.prove.receipt import parse
from allod.prove.tiles import Tile, TiledLog, bundles_of, read_bundle, tiles_of
from allod.prove.verify import verify
from allod.run.node_views import Role
from tests.api.asking import Call, calling, client_of, workload
from tests.api.fake_node import FakeNode
from tests.api.test_problems import the_problem

TEXT, BYTES = "text/plain; charset=utf-8", "application/octet-stream"
CLOSED = ApiSettings(loopback=False, read_needs_token=True)


@pytest.fixture
def stranger(node: FakeNode) -> Call:
    """Someone without a token, at a node where even reading needs one."""
    return calling(create_app(node, settings=CLOSED))


class Client:
    """A reader of the log that has nothing but HTTP and the log's key."""

    def __init__(self, call: Call, key: str) -> None:
        self._call, self._key = call, VerifierKey.parse(key)

    def checkpoint(self) -> Checkpoint:
        answer = self._call("GET", "/log/checkpoint")
        return open_checkpoint(answer.content, self._key)[0]

    def read(self, level: int, index: int, width: int) -> bytes:
        answer = self._call("GET", f"/log/{Tile(level, index, width).path()}")
        assert answer.status_code == 200, answer.text
        return answer.content

    def log(self, point: Checkpoint) -> TiledLog:
        return TiledLog(point.size, point.root, self.read)

    def entries(self, point: Checkpoint) -> list[bytes]:
        return [
            entry
            for place in bundles_of(0, point.size)
            for entry in read_bundle(self.read(place.level, place.index, place.width), place.width)
        ]


@pytest.mark.parametrize("sizes", [(1, 2), (255, 1, 1), (256, 256), (300, 341), (1, 65_540)])
def test_a_client_replays_the_log_from_tiles_alone(
    stranger: Call, node: FakeNode, sizes: tuple[int, ...]
) -> None:
    node.log.grow(sizes[0])
    client = Client(stranger, stranger("GET", "/log/key").text.strip())
    before = client.checkpoint()
    for more in sizes[1:]:
        node.log.grow(more)
        point = client.checkpoint()
        assert point.size == before.size + more
        entries = client.entries(point)
        hashes = [leaf_hash(entry) for entry in entries]
        assert Tree(b"".join(hashes)).root() == point.root
        log = client.log(point)
        assert verify_consistency(
            before.size, point.size, log.consistency(before.size), before.root, point.root
        )
        for index in {0, before.size - 1, point.size - 1}:
            assert log.leaf(index) == hashes[index]
            proof = log.inclusion(index)
            assert verify_inclusion(hashes[index], index, point.size, proof, point.root)
        before = point


def test_a_client_finds_a_tile_of_another_log(stranger: Call, node: FakeNode) -> None:
    node.log.grow(300)
    client = Client(stranger, node.log.key)
    point = client.checkpoint()
    node.log.tree = Tree(b"".join(leaf_hash(b"%d" % index) for index in range(300)))
    with pytest.raises(InvalidProof, match="do not lead to the root"):
        client.log(point).leaf(0)


def test_every_tile_of_a_checkpoint_is_there_at_its_path_and_kept_for_ever_once_full(
    stranger: Call, node: FakeNode
) -> None:
    node.log.grow(600)
    for place in [*tiles_of(0, 600), *bundles_of(0, 600)]:
        answer = stranger("GET", f"/log/{place.path()}")
        assert (answer.status_code, answer.headers["content-type"]) == (200, BYTES)
        full = place.width == 256
        assert ("immutable" in answer.headers["cache-control"]) is full, place
        assert answer.headers["cache-control"].startswith("public, max-age=31536000") is full


def test_checkpoint_and_key_are_text_that_is_asked_for_each_time(
    stranger: Call, node: FakeNode
) -> None:
    the_problem(stranger("GET", "/log/checkpoint"), 404, "not-found")
    node.log.grow(5)
    for path, content in (
        ("/log/checkpoint", node.log.checkpoint()),
        ("/log/key", f"{node.log.key}\n".encode()),
    ):
        answer = stranger("GET", path)
        assert (answer.status_code, answer.content) == (200, content)
        assert answer.headers["content-type"] == TEXT
        assert answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize(
    "path",
    [
        "0/000.p/6",  # Wider than the log.
        "0/000",
        "0/001",
        "1/000",
        "64/000.p/1",
        "-1/000.p/1",
        "00/000.p/1",  # A second spelling of a place.
        "0/x000/000.p/1",
        "0/000.p/05",
        "0/000.p/0",
        "0/0",
        "0/000.p/5/",
        "entries/000.p/6",
        "entries/001",
        "entries/..%2F..%2Fcheckpoint",
        "entries/",
        "%00",
    ],
)
def test_where_there_is_no_tile_there_is_nothing(stranger: Call, node: FakeNode, path: str) -> None:
    node.log.grow(5)
    assert stranger("GET", "/log/tile/0/000.p/5").status_code == 200
    the_problem(stranger("GET", f"/log/tile/{path}"), 404, "not-found")


# ------------------------------------------------------------------ receipts


def submit(call: Call, name: str = "hello") -> str:
    return str(call("POST", "/v1/workloads", role="submit", json=workload(name)).json()["id"])


def test_a_receipt_is_a_file_that_verifies(call: Call, node: FakeNode) -> None:
    path = f"/v1/workloads/{submit(call)}/receipt"
    answer = call("GET", path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, TEXT)
    assert answer.headers["content-disposition"] == 'attachment; filename="w1.tlog-proof"'
    assert answer.headers["cache-control"] == "no-store"
    report = verify(answer.content, VerifierKey.parse(node.log.key))
    assert report.verified
    (record,) = report.records
    assert record.fields["kind"] == "decision/Placement"
    assert record.fields["site"] == "narvik"
    assert "power_w" not in record.fields

    def disclosed(query: str) -> list[set[str]]:
        shown = parse(call("GET", f"{path}?{query}").content)
        return [{item.name for item in one.disclosed} for one in shown]

    assert {"power_w", "lent"} <= disclosed("disclose=power_w&disclose=lent")[0]
    assert "nodes" not in disclosed("disclose=power_w&disclose=lent")[0]
    assert "nodes" in disclosed("disclose=all")[0]
    assert len(disclosed("whole=true")) == 2
    assert len(disclosed("whole=false")) == 1


def test_what_cannot_be_disclosed_is_told(call: Call, node: FakeNode) -> None:
    path = f"/v1/workloads/{submit(call)}/receipt"
    the_problem(call("GET", f"{path}?disclose=colour"), 422, "invalid-input")
    the_problem(call("GET", f"{path}?disclosed=site"), 422, "invalid-input")
    the_problem(call("GET", f"{path}?whole=perhaps"), 422, "invalid-input")
    too_many = "&".join(["disclose=site"] * 17)
    the_problem(call("GET", f"{path}?{too_many}"), 422, "invalid-input")
    the_problem(call("GET", "/v1/workloads/w9/receipt"), 404, "not-found")


def test_receipts_that_wait_hold_up_nobody_else(app: FastAPI, call: Call, node: FakeNode) -> None:
    workload_id = submit(call)
    gate, stuck, at_once, most = threading.Semaphore(0), threading.Event(), 0, 0
    turn = threading.Lock()
    made = node.log.receipt

    def waits(*given: Any, **more: Any) -> bytes:
        nonlocal at_once, most
        with turn:
            at_once += 1
            most = max(most, at_once)
        if stuck.is_set() or not gate.acquire(timeout=15):
            stuck.set()
            raise AssertionError("nobody else was answered meanwhile")
        with turn:
            at_once -= 1
            return made(*given, **more)

    node.log.receipt = waits  # type: ignore[method-assign]
    asked = 60  # More than there are threads for all.
    answers: list[httpx.Response] = []

    async def main() -> None:
        async with client_of(app) as client, anyio.create_task_group() as group:

            async def ask() -> None:
                answers.append(await client.get(f"/v1/workloads/{workload_id}/receipt"))

            for _ in range(asked):
                group.start_soon(ask)
            with anyio.fail_after(10):
                while at_once < 8:
                    await anyio.sleep(0.01)
                assert (await client.get("/log/checkpoint")).status_code == 404
                assert (await client.get(f"/v1/workloads/{workload_id}")).status_code == 200
            for _ in range(asked):
                gate.release()

    anyio.run(main)
    assert [answer.status_code for answer in answers] == [200] * asked
    assert most == 8


# ------------------------------------------------------------------ exports


def test_an_export_is_recorded_before_it_is_answered(call: Call, node: FakeNode) -> None:
    the_problem(call("POST", "/v1/log/exports", role="admin"), 404, "not-found")
    node.log.grow(20)
    answer = call("POST", "/v1/log/exports", role="admin")
    assert answer.status_code == 201
    assert node.exports == [(20, "admin")]
    said = answer.json()
    point, _ = open_checkpoint(said["checkpoint"].encode(), VerifierKey.parse(said["key"]))
    assert (said["size"], point.size, point.root) == (20, 20, node.log.tree.root())
    node.down = True
    the_problem(call("POST", "/v1/log/exports", role="admin"), 503, "unavailable")


@pytest.mark.parametrize("role", ["", *Role])
def test_only_an_admin_hands_out_the_log(call: Call, node: FakeNode, role: str) -> None:
    node.log.grow(20)
    answer = call("POST", "/v1/log/exports", role=role)
    if role == Role.ADMIN:
        assert answer.status_code == 201
    else:
        the_problem(answer, *((403, "forbidden") if role else (401, "unauthorized")))
        assert node.exports == []


# ------------------------------------------------------------------ out of reach


@pytest.mark.parametrize(
    ("ask", "face"),
    [
        (("GET", "/log/tile/0/000.p/1"), "resource"),
        (("GET", "/log/tile/entries/000.p/1"), "resource"),
        (("POST", "/witness/add-checkpoint"), "add_checkpoint"),
    ],
)
@pytest.mark.parametrize("error", [Unavailable, InvalidInput])
def test_nobody_in_particular_is_told_where_the_log_lies(
    stranger: Call,
    node: FakeNode,
    monkeypatch: pytest.MonkeyPatch,
    ask: tuple[str, str],
    face: str,
    error: type[AllodError],
) -> None:
    def fail(*given: object) -> bytes:
        raise error("postgresql://someone@db.inner.example: /var/lib/secret is gone")

    monkeypatch.setattr(node.log, face, fail, raising=False)
    answer = stranger(*ask, content=b"x") if ask[0] == "POST" else stranger(*ask)
    if error is InvalidInput and face == "resource":  # Of the path that was asked for.
        assert answer.status_code == 404
        return
    the_problem(answer, 503, "unavailable")
    assert "inner" not in answer.text and "secret" not in answer.text
