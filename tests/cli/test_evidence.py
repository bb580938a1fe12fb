"""receipt, verify, log: against the real API over a real socket, with a log that a test grows."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from allod.api import create_app
from allod.errors import Unavailable
from allod.prove.checkpoint import open_checkpoint
from allod.prove.command import run
from allod.prove.merkle import leaf_hash
from allod.prove.note import VerifierKey
from allod.prove.tiles import Tile, TiledLog, bundles_of, tiles_of
from allod.run.node_views import Role
from tests.api.asking import Call, calling, workload
from tests.api.fake_log import FakeLog
from tests.api.fake_node import FakeNode
from tests.api.serving import serving
from tests.cli.conftest import Allod
from tests.prove.make_bundles import BUNDLES, FOLDER


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeNode]:
    """A node that the commands speak with as its administrator."""
    node = FakeNode()
    for role in Role:
        node.token_make(role.value, role)
    with serving(create_app(node)) as served:
        monkeypatch.setenv("ALLOD_URL", served.url)
        monkeypatch.setenv("ALLOD_TOKEN", "secret-of-admin")
        yield node


@pytest.fixture
def call(node: FakeNode) -> Call:
    return calling(create_app(node))


def submit(call: Call, name: str = "hello") -> str:
    return str(call("POST", "/v1/workloads", role="submit", json=workload(name)).json()["id"])


# ------------------------------------------------------------------ receipt


def test_a_receipt_says_what_is_open_and_what_stays_hidden(
    allod: Allod, node: FakeNode, call: Call, tmp_path: Path
) -> None:
    workload_id = submit(call)
    result = allod("receipt", workload_id, "--disclose", "power_w")
    assert result.status == 0, result.err
    head, _, record, opened, hidden = result.out.splitlines()
    content = (tmp_path / "w1.tlog-proof").read_bytes()
    assert head == (
        f"w1.tlog-proof: a receipt of {len(content):,} bytes for 1 record of the log 'allod-test'"
    )
    assert record == "entry 1  decision/Placement"
    assert opened == (
        "  open    at_s 2026-11-21 20:00:00 UTC; pool gb300; power_w 9000; run 1; site narvik; "
        "workload_id w1"
    )
    assert hidden == "  hidden  " + ", ".join(
        ("accelerators", "access_class", "ends_at_s", "lent", "nodes", "notice_s", "reasons")
    )
    assert result.err.strip() == f"to verify it: allod verify w1.tlog-proof --key {node.log.key}"


def test_a_receipt_goes_where_it_is_wanted_and_tells_programs_the_same(
    allod: Allod, call: Call, node: FakeNode, tmp_path: Path
) -> None:
    submit(call)
    told = allod(
        "receipt", "w1", "--whole", "--disclose", "all", "--output", "out/r", "--json"
    ).json
    assert told["file"] == "out/r"
    assert told["bytes"] == len((tmp_path / "out/r").read_bytes())
    assert told["key"] == node.log.key
    assert [record["open"]["kind"] for record in told["records"]] == [
        "event/WorkloadSubmitted",
        "decision/Placement",
    ]
    assert [record["hidden"] for record in told["records"]] == [[], []]
    assert {path.name for path in tmp_path.rglob("*")} == {"out", "r"}


def test_no_receipt_leaves_no_file(allod: Allod, node: FakeNode, tmp_path: Path) -> None:
    result = allod("receipt", "w9")
    assert (result.status, result.out) == (3, "")
    assert "there is no workload 'w9'" in result.err
    assert not list(tmp_path.iterdir())


# ------------------------------------------------------------------ verify


def test_a_receipt_is_verified_without_a_node_and_one_letter_spoils_it(
    allod: Allod, node: FakeNode, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    allod("receipt", submit(call))
    monkeypatch.delenv("ALLOD_URL")
    yes = allod("verify", "w1.tlog-proof", "--key", node.log.key)
    assert (yes.status, yes.err) == (0, "")
    assert yes.out.startswith("yes: 1 record of the log 'allod-test'\n\nProved\n")
    content = (tmp_path / "w1.tlog-proof").read_text()
    letter = content.index("extra ") + 40
    other = "A" if content[letter] != "A" else "B"
    (tmp_path / "-spoiled").write_text(content[:letter] + other + content[letter + 1 :])
    no = allod("verify", "--key", node.log.key, "--", "-spoiled")
    assert (no.status, no.err) == (1, "")
    assert no.out.startswith("no: ")
    wrong = allod("verify", "nothing", "--key", node.log.key)
    assert (wrong.status, wrong.out) == (2, "")
    assert wrong.err.startswith("error: nothing: No such file or directory\nmend: ")
    assert allod("verify", "w1.tlog-proof").status == 2


@pytest.mark.parametrize("name", BUNDLES)
def test_it_is_the_command_of_prove(allod: Allod, name: str) -> None:
    known = BUNDLES[name].known
    words = [
        str(FOLDER / f"{name}.receipt"),
        f"--key={FOLDER / 'log.vkey'}",
        f"--witness-policy={FOLDER / 'witnesses.policy'}",
        *([f"--known={FOLDER / f'{known}.checkpoint'}"] if known else []),
    ]
    for more in ([], ["--json"]):
        expected = run([*words, *more], lambda path: Path(path).read_bytes())
        result = allod("verify", *words, *more)
        assert (result.status, result.out, result.err) == (
            expected.status,
            expected.out,
            expected.err,
        )


# ------------------------------------------------------------------ log key, checkpoint, proof


def test_key_and_checkpoint_are_printed_as_they_are(allod: Allod, node: FakeNode) -> None:
    assert allod("log", "checkpoint").status == 3
    node.log.grow(7)
    assert allod("log", "key").out == f"{node.log.key}\n"
    assert allod("log", "key", "--json").json == {"key": node.log.key}
    assert allod("log", "checkpoint").out.encode() == node.log.checkpoint()
    told = allod("log", "checkpoint", "--json").json
    assert (told["log"], told["size"]) == ("allod-test", 7)
    assert told["checkpoint"].encode() == node.log.checkpoint()


def known(allod: Allod, folder: Path, name: str = "known") -> None:
    (folder / name).write_text(allod("log", "checkpoint").out)


@pytest.mark.parametrize("kept_first", [True, False])
def test_a_kept_checkpoint_and_a_receipt_are_of_one_log(
    allod: Allod, node: FakeNode, call: Call, tmp_path: Path, kept_first: bool
) -> None:
    node.log.grow(300)
    submit(call)
    if kept_first:
        known(allod, tmp_path)
    allod("receipt", "w1")
    if not kept_first:
        node.log.grow(300)
        known(allod, tmp_path)
    node.log.grow(300)
    verify = ("verify", "w1.tlog-proof", "--key", node.log.key, "--known")
    alone = allod(*verify, "known")
    assert alone.status == 1
    assert alone.out.startswith("no: fork: " if kept_first else "no: older-than-known: ")
    (tmp_path / "proved").write_text(allod("log", "consistency", "known", "w1.tlog-proof").out)
    yes = allod(*verify, "proved")
    assert yes.status == 0, yes.out
    assert "It is the log that you know at" in yes.out
    # A proof that is there already is left out; programs get the same.
    told = allod("log", "consistency", "proved", "w1.tlog-proof", "--json").json
    assert told["known"] == (tmp_path / "proved").read_text()
    assert (told["old"] == 300) is kept_first


def test_a_checkpoint_of_the_same_size_needs_no_proof_and_may_have_it(
    allod: Allod, node: FakeNode, call: Call, tmp_path: Path
) -> None:
    submit(call)
    allod("receipt", "w1")
    known(allod, tmp_path)
    (tmp_path / "proved").write_text(allod("log", "consistency", "known", "w1.tlog-proof").out)
    for name in ("known", "proved"):
        yes = allod("verify", "w1.tlog-proof", "--key", node.log.key, "--known", name)
        assert (yes.status, yes.err) == (0, "")


def test_two_logs_under_one_key_are_found(
    allod: Allod, node: FakeNode, call: Call, tmp_path: Path
) -> None:
    node.log.grow(20)
    known(allod, tmp_path)
    node.log = FakeLog(node)  # The database came back from a backup, say.
    node.log.grow(3)
    node.log.grow(3)
    submit(call)
    node.log.grow(300)
    allod("receipt", "w1")
    result = allod("log", "consistency", "known", "w1.tlog-proof")
    assert (result.status, result.out) == (1, "")
    assert "does not go on from the one at 20" in result.err


def test_a_file_that_holds_no_checkpoint_of_the_log(
    allod: Allod, node: FakeNode, tmp_path: Path
) -> None:
    node.log.grow(20)
    known(allod, tmp_path)
    (tmp_path / "text").write_text("nothing\n")
    other = FakeLog(node, "allod-other")
    (tmp_path / "other").write_bytes(other.grow(5).note)
    for name in ("text", "other"):
        result = allod("log", "consistency", "known", name)
        assert (result.status, result.out) == (2, "")
        assert result.err.startswith(f"error: {name}: ")


# ------------------------------------------------------------------ log export


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def check_copy(folder: Path, log: FakeLog) -> None:
    """`folder` is all that a reader of the log needs, and leads to the newest checkpoint."""
    key = VerifierKey.parse((folder / "key").read_text().strip())
    point, _ = open_checkpoint((folder / "checkpoint").read_bytes(), key)
    assert point.root == log.tree.root()

    def read(level: int, index: int, width: int) -> bytes:
        return (folder / Tile(level, index, width).path()).read_bytes()

    tiled = TiledLog(point.size, point.root, read)
    hashes = [tiled.leaf(index) for index in range(point.size)]
    assert hashes == [leaf_hash(entry) for entry in log.entries]
    for place in [*tiles_of(0, point.size), *bundles_of(0, point.size)]:
        assert (folder / place.path()).read_bytes() == log.resource(place.path())


def test_an_export_is_a_log_that_a_static_server_can_publish(
    allod: Allod, node: FakeNode, tmp_path: Path
) -> None:
    node.log.grow(600)
    result = allod("log", "export", "copy")
    assert result.status == 0, result.err
    assert result.out == "copy: the log 'allod-test' up to 600 entries, 600 of them new\n"
    check_copy(tmp_path / "copy", node.log)
    named = {place.path() for place in [*tiles_of(0, 600), *bundles_of(0, 600)]}
    assert set(files(tmp_path / "copy")) == {"checkpoint", "key", *named}
    modes = {path.stat().st_mode & 0o444 for path in (tmp_path / "copy").rglob("*")}
    assert modes == {0o444}, "a server of another user reads it"


def test_an_export_goes_on_where_the_last_one_ended(
    allod: Allod, node: FakeNode, tmp_path: Path
) -> None:
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy/.htaccess").write_text("a static server's own")
    node.log.grow(600)
    allod("log", "export", "copy")
    node.log.grow(500)
    node.log.asked.clear()
    told = allod("log", "export", "copy", "--json").json
    assert (told["before"], told["size"]) == (600, 1100)
    assert not {"tile/entries/000", "tile/0/000"} & set(node.log.asked)
    assert "tile/entries/002" in node.log.asked
    check_copy(tmp_path / "copy", node.log)
    again = allod("log", "export", "copy", "--json").json
    assert (again["before"], again["size"], again["files"]) == (1100, 1100, 0)
    assert [size for size, _ in node.exports] == [600, 1100, 1100]


def test_an_export_over_more_than_one_tile_of_tiles(
    allod: Allod, node: FakeNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)  # It would wait for the disk 1,000 times.
    node.log.grow(65_000)
    allod("log", "export", "copy")
    node.log.grow(1_000)
    assert allod("log", "export", "copy").status == 0
    check_copy(tmp_path / "copy", node.log)


def test_the_log_has_the_export_before_the_first_byte_is_written(
    allod: Allod, node: FakeNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.log.grow(20)
    there: list[list[str]] = []
    recorded = node.log_export

    def log_export(**given: Any) -> Any:
        there.append(sorted(files(tmp_path)))
        return recorded(**given)

    monkeypatch.setattr(node, "log_export", log_export)
    allod("log", "export", "copy")
    assert there == [[]]
    node.down = True
    result = allod("log", "export", "other")
    assert result.status == 6
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("role", ["read", "submit", "operator"])
def test_who_may_not_export_writes_nothing(
    allod: Allod, node: FakeNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    node.log.grow(20)
    monkeypatch.setenv("ALLOD_TOKEN", f"secret-of-{role}")
    assert allod("log", "export", "copy").status == 5
    assert not list(tmp_path.iterdir())


def test_an_export_that_was_cut_short_is_gone_on_with(
    allod: Allod, node: FakeNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node.log.grow(300)
    allod("log", "export", "copy")
    before = (tmp_path / "copy/checkpoint").read_bytes()
    node.log.grow(700)
    given = node.log.resource

    def resource(path: str) -> bytes:
        if path == "tile/entries/002":
            raise Unavailable("the log is out of reach")
        return given(path)

    monkeypatch.setattr(node.log, "resource", resource)
    assert allod("log", "export", "copy").status == 6
    # Who reads it now reads the older log, whole.
    assert (tmp_path / "copy/checkpoint").read_bytes() == before
    assert (tmp_path / "copy/tile/entries/001").exists()
    assert not list((tmp_path / "copy").rglob("*.new"))
    monkeypatch.setattr(node.log, "resource", given)
    node.log.asked.clear()
    assert allod("log", "export", "copy").status == 0
    assert "tile/entries/001" not in node.log.asked, "it was there already"
    check_copy(tmp_path / "copy", node.log)


@pytest.mark.parametrize("spoiled", ["tile/0/000", "tile/1/000.p/2", "tile/entries/000"])
def test_what_the_checkpoint_does_not_promise_is_not_kept(
    allod: Allod, node: FakeNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoiled: str
) -> None:
    node.log.grow(600)
    given = node.log.resource

    def resource(path: str) -> bytes:
        data = given(path)
        return data if path != spoiled else data[:-1] + bytes([data[-1] ^ 1])

    monkeypatch.setattr(node.log, "resource", resource)
    result = allod("log", "export", "copy")
    assert result.status == 1
    assert "the node's log is not what it has signed" in result.err
    assert set(files(tmp_path / "copy")) == {"key"}


def test_a_file_of_the_copy_that_was_spoiled_is_mended(
    allod: Allod, node: FakeNode, tmp_path: Path
) -> None:
    node.log.grow(300)
    allod("log", "export", "copy")
    (tmp_path / "copy/checkpoint").unlink()
    (tmp_path / "copy/tile/entries/000").write_bytes(b"spoiled")
    (tmp_path / "copy/tile/0/000").write_bytes(b"")
    assert allod("log", "export", "copy").status == 0
    check_copy(tmp_path / "copy", node.log)


@pytest.mark.parametrize(("size", "told"), [(900, "does not go on from"), (100, "never shrinks")])
def test_a_fork_is_never_published_over_the_log_that_was(
    allod: Allod, node: FakeNode, tmp_path: Path, size: int, told: str
) -> None:
    node.log.grow(600)
    allod("log", "export", "copy")
    before = files(tmp_path / "copy")
    node.log = FakeLog(node)
    submit(calling(create_app(node)))
    node.log.grow(size)
    result = allod("log", "export", "copy")
    assert result.status == 1
    assert told in result.err
    assert files(tmp_path / "copy") == before


def test_another_log_or_other_things_are_left_alone(
    allod: Allod, node: FakeNode, tmp_path: Path
) -> None:
    node.log.grow(600)
    allod("log", "export", "copy")
    before = files(tmp_path / "copy")
    node.log = FakeLog(node, "allod-other")
    node.log.grow(700)
    result = allod("log", "export", "copy")
    assert (result.status, files(tmp_path / "copy")) == (4, before)
    assert "a copy of another log" in result.err
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/letter").write_text("dear")
    result = allod("log", "export", "mine")
    assert (result.status, files(tmp_path / "mine")) == (4, {"letter": b"dear"})
    assert len(node.exports) == 1, "nothing was recorded of what was not done"
