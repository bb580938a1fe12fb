"""audit, log section, verify --replay: against the real API over a real socket."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from allod.api import create_app
from allod.domain.document import read_documents
from allod.prove.canonical import base64
from allod.prove.note import VerifierKey
from allod.prove.verify import verify
from allod.run.node_views import Role
from tests.api.asking import calling, workload
from tests.api.fake_node import FakeNode
from tests.api.serving import serving
from tests.api.test_audit import WORLD
from tests.cli.conftest import Allod


@pytest.fixture
def node(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeNode]:
    node = FakeNode()
    for role in Role:
        node.token_make(role.value, role)
    node.apply(read_documents(WORLD)).result()
    with serving(create_app(node)) as served:
        monkeypatch.setenv("ALLOD_URL", served.url)
        monkeypatch.setenv("ALLOD_TOKEN", "secret-of-admin")
        yield node


def test_an_audit_in_words_and_in_json(allod: Allod, node: FakeNode) -> None:
    result = allod("audit", "--site", "fjord", "--at", "2026-11-21")
    assert result.status == 0, result.err
    assert "site          fjord: Fjord (leaf 0)" in result.out
    assert "Under whose control\n" in result.out and "operator" in result.out
    plain = allod("audit", "--site", "fjord", "--at", "2026-11-21", "--json")
    assert json.loads(plain.out)["site"]["name"] == "fjord"


def test_its_receipts_verify(allod: Allod, node: FakeNode, tmp_path: Path) -> None:
    call = calling(create_app(node))
    call("POST", "/v1/workloads", role="submit", json=workload("hello"))
    audit = ("audit", "--site", "fjord", "--at", "2026-11-22", "--receipts", "kept", "--json")
    result = allod(*audit)
    assert result.status == 0, result.err
    found = json.loads(result.out)
    files = sorted(path.name for path in (tmp_path / "kept").glob("*"))
    named = [one["seq"] for part in ("ran", "refused", "reclaimed") for one in found[part]]
    assert files == sorted(f"leaf-{seq}.tlog-proof" for seq in named)
    for name in files:
        data = (tmp_path / "kept" / name).read_bytes()
        assert verify(data, VerifierKey.parse(node.log.key)).verified


def test_nonsense_is_refused(allod: Allod, node: FakeNode) -> None:
    assert allod("audit", "--site", "fjord", "--at", "soon").status == 2
    assert allod("audit", "--site", "fiord", "--at", "2026-11-21").status == 3


def test_a_section_is_written_whole_and_says_how_to_verify_it(
    allod: Allod, node: FakeNode, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = node.log.grow(padding=16)
    first = json.dumps({"checkpoint": signed.note.decode(), "v": 1}).encode() + b"\n"
    monkeypatch.setattr(node, "log_section", lambda *, until, actor: iter([first, b"{}\n"]))
    result = allod("log", "section", "--output", "s.jsonl")
    assert result.status == 0, result.err
    assert (tmp_path / "s.jsonl").read_bytes() == first + b"{}\n"
    assert f"allod verify --replay s.jsonl --key {node.log.key}" in result.err
    shown = json.loads(allod("log", "section", "--output", "s.jsonl", "--json").out)
    assert (shown["size"], shown["key"]) == (signed.size, node.log.key)


def test_verify_replay_refuses_what_is_no_section(
    allod: Allod, node: FakeNode, tmp_path: Path
) -> None:
    note = node.log.grow(padding=16).note.decode()
    line = json.dumps({"checkpoint": note, "v": 1}, separators=(",", ":"), ensure_ascii=False)
    (tmp_path / "s.jsonl").write_text(line + "\n", encoding="utf-8")
    key = node.log.key
    result = allod("verify", "--replay", "s.jsonl", "--key", key)
    assert result.status == 1 and result.out.startswith("no: truncated: ")
    told = json.loads(allod("verify", "--replay", "s.jsonl", "--key", key, "--json").out)
    assert (told["verified"], told["code"], told["hashes_hold"]) == (False, "truncated", False)
    other = f"other+00000000+{base64(bytes(33))}"
    assert allod("verify", "--replay", "s.jsonl", "--key", other).status == 2
    assert allod("verify", "--replay", "none.jsonl", "--key", key).status == 2
    together = allod("verify", "--replay", "s.jsonl", "--key", key, "--known", "x")
    assert together.status == 2 and "do not go together" in together.err
