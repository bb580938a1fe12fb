"""Every rule of the catalogue finds what breaks it, and nothing in the one that is shipped."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from allod.catalogue.check import RULES, WORDS, check
from allod.catalogue.files import read_shelf
from allod.errors import InvalidDocument

TODAY = date(2026, 11, 21)
SAID = {"source": "A", "date": date(2026, 1, 1)}


def fact(value: Any, **more: Any) -> dict[str, Any]:
    return {"value": value, **SAID, **more}


def world() -> dict[str, dict[str, Any]]:
    """A small catalogue in which every rule holds, by kind and name."""
    phases = [
        {"name": "a", "state": fact("announced"), "power_w": fact("40 MW"), "due": fact("2027")},
        {"name": "b", "state": fact("announced"), "power_w": fact("60 MW"), "due": fact("2028")}
        | {"needs": ["a"], "accelerators": {"p": fact(1000)}},
    ]
    phases[1]["delivery"] = {"p": {"delivered": fact(100), "live": fact(50)}}
    money = [
        {"name": "all", "amount": fact(100), "currency": "EUR"},
        {"name": "half", "amount": fact(50), "currency": "EUR", "part_of": "all"},
    ]
    site = {
        "title": "S",
        "country": fact("NO"),
        "operator": fact("owner"),
        "management": {"standing": "unknown"},
        "metadata": {"standing": "unknown"},
        "parties": [{"party": "owner", "role": "owner", "source": "A"}],
        "pools": [{"name": "p", "accelerator": fact("h100")}],
        "phases": phases,
        "runner": "none",
        "dossier": {"capacity_w": fact("100 MW"), "money": money},
    }
    return {
        "Party/owner": {"title": "O", "seat": fact("NO")}
        | {"owners": [{"party": "fund", "share_bp": fact(10_000)}]},
        "Party/fund": {"title": "F", "seat": fact("NO")},
        "Site/s": site,
        "Charter/s": {"site": "s", "classes": [{"name": "c", "floor": 600}]},
        "Antenna/a": {"title": "A", "country": fact("IE"), "hosts": [fact("s")]},
        "Cluster/c": {"title": "C", "countries": ["NO"], "members": ["s"], "antennas": ["a"]},
    }


def write(folder: Path, documents: dict[str, dict[str, Any]]) -> Path:
    (folder / "sources.yaml").write_text("A: {title: a paper, kind: press}\n")
    text = [
        yaml.safe_dump(
            {"apiVersion": "allod/v1", "kind": key.split("/")[0]}
            | {"metadata": {"name": key.split("/")[1]}, "spec": spec}
        )
        for key, spec in documents.items()
    ]
    (folder / "all.yaml").write_text("---\n".join(text))
    return folder


def set_at(spec: Any, path: str, value: Any) -> None:
    *way, last = path.split(".")
    for step in way:
        spec = spec[int(step) if step.isdigit() else step]
    spec[int(last) if last.isdigit() else last] = value


def test_a_catalogue_in_order_has_no_finding(tmp_path: Path) -> None:
    assert check(read_shelf(write(tmp_path, world())), TODAY) == ()


BROKEN: list[tuple[str, str, str, Any, str]] = [
    ("sourced", "Site/s", "country", {"value": "NO", "date": TODAY}, "has no source"),
    ("sourced", "Site/s", "country", {"value": "NO", "source": "A"}, "has no date"),
    ("dates", "Site/s", "country", fact("NO", date=date(2027, 1, 1)), "dated 2027-01-01"),
    ("dates", "Site/s", "phases.0.announced", date(2027, 1, 1), "announced 2027-01-01"),
    ("dates", "Site/s", "phases.0.works", fact("2028"), "due before works begin"),
    ("dates", "Site/s", "phases.1.due", fact("2026-Q4"), "due before 'a'"),
    ("shares", "Party/owner", "owners.0.share_bp", fact(9_000), "9000 of 10000"),
    (
        "shares",
        "Site/s",
        "dossier.factory",
        {"selected": fact(date(2024, 12, 10)), "host": fact("h"), "shares_bp": {"NO": fact(9)}},
        "shares of access add up to 9",
    ),
    ("phases", "Site/s", "phases.1.power_w", fact("61 MW"), "101000000 W"),
    ("phases", "Site/s", "phases.0.needs", ["b"], "a, b need each other"),
    ("phases", "Site/s", "phases.1.delivery.p.live", fact(101), "101 are live, and 100 delivered"),
    ("charters", "Charter/s", "classes.0.floor", 1001, "floors come to 1001"),
    ("charters", "Charter/s", "site", "t", "site 't', which is not there"),
    ("names", "Party/owner", "owners.0.party", "nobody", "party 'nobody'"),
    ("names", "Site/s", "operator", fact("nobody"), "party 'nobody'"),
    ("names", "Antenna/a", "hosts", [fact("t")], "site 't'"),
    ("names", "Cluster/c", "members", ["t"], "site 't'"),
    ("names", "Cluster/c", "antennas", ["b"], "antenna 'b'"),
    ("money", "Site/s", "dossier.money.1.amount", fact(101), "parts add up to 101"),
    ("money", "Site/s", "dossier.money.1.currency", "NOK", "no sum in NOK"),
]


@pytest.mark.parametrize(("rule", "key", "path", "value", "says"), BROKEN)
def test_each_rule_finds_what_breaks_it(
    tmp_path: Path, rule: str, key: str, path: str, value: Any, says: str
) -> None:
    documents = world()
    set_at(documents[key], path, value)
    found = [f for f in check(read_shelf(write(tmp_path, documents)), TODAY) if f.rule == rule]
    assert [f.document for f in found] == [key]
    assert says in found[0].says
    assert found[0].mend


@pytest.mark.parametrize(
    ("told", "findings"),
    [
        ({}, 1),
        ({"dispersed": fact(True)}, 0),
        ({"dispersed": {"standing": "unknown", "note": "who holds the rest is not stated"}}, 0),
    ],
)
def test_what_shares_leave_is_told_also_as_unknown(
    tmp_path: Path, told: dict[str, Any], findings: int
) -> None:
    documents = world()
    owners = [{"party": "fund", "share_bp": fact(6818)}]
    documents["Party/owner"] |= {"owners": owners, **told}
    found = check(read_shelf(write(tmp_path, documents)), TODAY)
    assert [one.rule for one in found] == ["shares"] * findings


def test_a_source_that_nobody_cites_is_found(tmp_path: Path) -> None:
    folder = write(tmp_path, world())
    (folder / "sources.yaml").write_text(
        "A: {title: a paper, kind: press}\nB: {title: another, kind: press}\n"
    )
    (found,) = check(read_shelf(folder), TODAY)
    assert (found.rule, found.document) == ("sources", "sources.yaml/B")


def test_every_rule_is_broken_above_and_has_words() -> None:
    assert {rule for rule, *_ in BROKEN} | {"sources"} == set(RULES) == set(WORDS)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda text: text.replace("source: A", "source: Z", 1), "names a source that is not"),
        (lambda text: text.replace("currency: EUR", "currency: euro", 1), "currency"),
        (lambda text: text + "---\n" + text, "is there twice"),
        (lambda text: text.replace("kind: Antenna", "kind: Workload", 1), "unknown kind"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, change: Callable[[str], str], words: str
) -> None:
    folder = write(tmp_path, world())
    text = (folder / "all.yaml").read_text()
    (folder / "all.yaml").write_text(change(text))
    with pytest.raises(InvalidDocument, match=words) as caught:
        read_shelf(folder)
    assert "all.yaml" in str(caught.value)
