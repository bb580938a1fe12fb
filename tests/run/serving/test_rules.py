"""Rules of the table: which keys share one, and when they are made anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from allod.decide.world import world_of
from allod.domain.document import Document, from_json
from allod.run.log import KeyRow
from allod.run.serving.rules import RuleMaker, call_rules

MA = {"residency": {"processing": ["MA"]}}


def document(kind: str, name: str, **spec: Any) -> tuple[str, Document]:
    item = {"apiVersion": "allod/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    return f"{kind}/{name}", from_json(item)


def site(name: str, country: str) -> tuple[str, Document]:
    return document(
        "Site",
        name,
        title=name,
        country=country,
        operator="op",
        management=[country],
        metadata=[country],
        runner="local",
        pools=[{"name": "p", "accelerator": "h100"}],
        phases=[{"name": "one", "state": "live", "accelerators": {"p": 8}}],
    )


def charter(name: str) -> tuple[str, Document]:
    return document("Charter", name, site=name, classes=[{"name": "open", "priority": 3}])


def documents() -> dict[str, Document]:
    serves = {"project": "lab", "engine": "vllm", "command": ["serve"]}
    return dict(
        [
            site("n", "NO"),
            site("m", "MA"),
            charter("m"),
            document("Project", "clinic", **MA),
            document("Project", "lab"),
            document("Service", "chat", model="chat-1", sites=["n", "m"], **serves),
            document("Service", "embed", model="embed-1", sites=["m"], **serves),
        ]
    )


def key(name: str, project: str, content: bool = False, **terms: Any) -> KeyRow:
    body = orjson.dumps(terms, option=orjson.OPT_SORT_KEYS).decode()
    return KeyRow(name, name.encode() * 8, project, body, content, 5, None)


def keys(*rows: KeyRow) -> dict[str, KeyRow]:
    return {row.name: row for row in rows}


def test_each_key_finds_what_is_said_of_its_calls() -> None:
    found = call_rules(world_of(documents()), keys(key("k", "clinic"), key("l", "lab")), "m")
    clinic, lab = found.keys
    assert (clinic.id, clinic.project, clinic.sha256) == ("k", "clinic", (b"k" * 8).hex())
    at = found.rules[clinic.rule]["chat"]
    assert at["m"].against == () and (at["m"].access_class, at["m"].priority) == ("open", 3)
    assert at["n"].against == ("processing would be in NO; Project/clinic permits MA",)
    assert list(found.rules[clinic.rule]["embed"]) == ["m"]
    assert not any(item.against for item in found.rules[lab.rule]["chat"].values())
    assert found.files_against == {clinic.rule: (), lab.rule: ()}


def test_what_may_not_be_kept_at_the_gateway_is_said_of_files_and_of_every_site() -> None:
    found = call_rules(world_of(documents()), keys(key("k", "clinic")), "n")
    (rule,) = found.rules
    said = "the gateway stands at n: processing would be in NO; Project/clinic permits MA"
    assert found.files_against[rule] == (said,)
    assert found.rules[rule]["chat"]["m"].against == (said,)


def test_keys_that_are_bound_alike_share_a_rule_whatever_their_limits() -> None:
    rows = (
        key("a", "clinic"),
        key("b", "clinic", requests_per_min=9, tokens_per_min=8, in_flight_max=7, expires=6),
        key("c", "clinic", True, residency={"storage": ["MA"]}),
        key("d", "clinic", access_class="open"),
        key("e", "clinic", services=["chat", "embed"]),
        key("f", "clinic", services=["embed", "chat"]),
        key("g", "lab"),
    )
    entries = call_rules(world_of(documents()), keys(*rows), "m").keys
    of = {entry.id: entry.rule for entry in entries}
    assert of["a"] == of["b"] and of["e"] == of["f"]
    assert len({of[name] for name in "acdeg"}) == 5
    b, c = entries[1:3]
    limits = (b.requests_per_min, b.tokens_per_min, b.in_flight_max, b.expires_at_s)
    assert limits == (9, 8, 7, 6) and (b.content, c.content) == (False, True)


def test_a_key_that_was_revoked_is_not_told() -> None:
    revoked = replace(key("k", "lab"), revoked_at_s=9)
    found = call_rules(world_of(documents()), keys(revoked), "m")
    assert (found.keys, found.rules, found.files_against) == ((), {}, {})


def test_rules_are_made_anew_when_documents_or_keys_change_and_only_then() -> None:
    maker, described, rows = RuleMaker("m"), documents(), keys(key("k", "clinic"))
    first = maker.made(described, rows)
    assert maker.made(described, rows) is first
    (rule,) = first.rules
    loose = {**described, **dict([document("Project", "clinic")])}
    changed = maker.made(loose, rows)
    assert first.rules[rule]["chat"]["n"].against and not changed.rules[rule]["chat"]["n"].against
    assert maker.made(loose, {}).keys == ()
