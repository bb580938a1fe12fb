"""A changed file of facts: what it changes in the documents, what is left to a person, and how."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from allod import catalogue
from allod.catalogue.files import read_shelf
from allod.catalogue.importing import Plan, planned, read_facts, read_record, replace, texts
from allod.catalogue.importing.edit import with_fact, with_item, with_source
from allod.catalogue.importing.plan import read_now
from allod.catalogue.importing.record import RECORD
from allod.errors import InvalidDocument, InvalidInput
from tests.catalogue.collected import OURS, collected, facts_file, own_catalogue, subject

TODAY = date(2026, 12, 1)
SHARED = Path(__file__).resolve().parents[3] / "shared" / "facts" / "sites.yaml"
Facts = dict[str, Any]


def imported(path: Path, folder: Path, *, everything: bool = False) -> Plan:
    """What the facts at `path` change, after it was written to `folder`."""
    untouched = (folder / RECORD).read_bytes() == (OURS / RECORD).read_bytes()
    facts = read_facts(path.read_text(encoding="utf-8"), path.name)
    record = read_record((folder / RECORD).read_text(encoding="utf-8"), RECORD)
    shelf = catalogue.shelf() if untouched else read_shelf(folder)
    plan = planned(facts, record, shelf)
    after = read_now(plan, facts, record, everything=everything)
    replace(folder, texts(plan, after, shelf, folder), TODAY)
    return plan


def all_bytes(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def own(tmp_path: Path) -> Path:
    return own_catalogue(tmp_path)


@pytest.fixture
def changed(tmp_path: Path) -> Callable[[Callable[[Facts], object]], Path]:
    return lambda change: facts_file(tmp_path, change)


Changed = Callable[[Callable[[Facts], object]], Path]


def test_the_facts_that_the_catalogue_was_made_from_change_nothing(
    own: Path, tmp_path: Path
) -> None:
    before = all_bytes(own)
    assert imported(facts_file(tmp_path), own).empty
    assert all_bytes(own) == before


def test_the_collected_facts_change_nothing() -> None:
    if not SHARED.exists():
        pytest.skip("skipped: the collected facts are not beside this checkout")
    facts = read_facts(SHARED.read_text(encoding="utf-8"), SHARED.name)
    record = read_record((OURS / RECORD).read_text(encoding="utf-8"), RECORD)
    assert planned(facts, record, catalogue.shelf()).empty


def test_every_document_that_facts_went_to_is_there() -> None:
    record = read_record((OURS / RECORD).read_text(encoding="utf-8"), RECORD)
    keys = {document.key for document in catalogue.everything()}
    named = {key for documents in record.documents.values() for key in documents}
    assert named <= keys
    listed = {name for name in record.facts.subjects if "/" in name}
    assert listed <= set(record.documents), "each system, site, factory, antenna and mode has one"


def test_a_changed_number_becomes_the_value_and_what_it_was_its_history(
    own: Path, changed: Changed
) -> None:
    def change(facts: Facts) -> None:
        facts["meta"]["made"] = "2026-11-30"
        subject(facts, "ai_factories", "aif-lumi")["grid_gco2_kwh"]["v"] = 80.1

    text = (own / "factories" / "lumi.yaml").read_text()
    plan = imported(changed(change), own)
    assert [(one.document, one.path, one.before, one.after) for one in plan.changes] == [
        ("Site/lumi", "dossier.place.grid_carbon_mg_per_kwh", "79158", "80100")
    ]
    assert not plan.to_read
    lumi = next(item for item in read_shelf(own).documents if item.key == "Site/lumi")
    carbon = lumi.spec.dossier.place.grid_carbon_mg_per_kwh  # type: ignore[union-attr]
    assert (carbon.value, carbon.date) == (80_100, date(2026, 11, 30))
    assert [(said.value, said.note) for said in carbon.earlier] == [
        (79_158, "mean of 2023; 94.4 % low-carbon")
    ]
    new = (own / "factories" / "lumi.yaml").read_text().splitlines()
    old = text.splitlines()
    at = next(i for i, line in enumerate(old) if "grid_carbon" in line)
    assert new[:at] == old[:at], "every other line, comments too, stays as it was"
    assert new[at + 6 :] == old[at + 1 :]


def test_a_changed_text_is_left_to_a_person_and_never_guessed(own: Path, changed: Changed) -> None:
    def change(facts: Facts) -> None:
        subject(facts, "ai_factories", "aif-lumi")["money"]["v"] = "contract EUR 400m"

    before = all_bytes(own)
    plan = imported(changed(change), own)
    (one,) = plan.to_read
    assert one.documents == ("Site/lumi",)
    assert one.fact == ("ai_factories/aif-lumi", "money")
    assert "387.8m" in one.before
    assert one.after.startswith("contract EUR 400m")
    assert not plan.changes
    assert all_bytes(own) == before, "nobody has read it, so it is shown again"
    assert not imported(changed(change), own, everything=True).empty
    assert imported(changed(change), own).empty, "it has been read"


def test_a_document_that_says_otherwise_is_left_to_a_person(own: Path, changed: Changed) -> None:
    def change(facts: Facts) -> None:
        # The catalogue has 500 MW by a later source than this one.
        subject(facts, "seed_systems", "ma-nexus-ai-factory")["capacity_total_mw"]["v"] = 450
        # The catalogue calls it otherwise than the facts did.
        subject(facts, "ai_factories", "aif-lux")["host"]["v"] = "LuxProvide"

    plan = imported(changed(change), own)
    assert not plan.changes
    why = {one.fact[1]: one.why for one in plan.to_read}
    assert "later word" in why["capacity_total_mw"]
    assert set(why) == {"capacity_total_mw", "host"}


def test_a_new_antenna_becomes_a_skeleton_that_holds_every_rule(
    own: Path, changed: Changed
) -> None:
    def change(facts: Facts) -> None:
        facts["sources"]["NEWS"] = {"title": "News of 20 Nov 2026", "url": None, "kind": "press"}
        facts["ai_factory_antennas"].append(
            {"id": "ant-at", "name": "Alpine Antenna", "country": "AT", "s": ["NEWS"]}
            | {"linked_factories": ["aif-aiat"], "lead": "TU Graz", "money": "EUR 4m"}
        )

    plan = imported(changed(change), own)
    assert [(new.document, new.file) for new in plan.new] == [("Antenna/ant-at", "antennas.yaml")]
    made = next(item.spec for item in read_shelf(own).documents if item.key == "Antenna/ant-at")
    assert made.title == "Alpine Antenna"  # type: ignore[union-attr]
    assert [host.value for host in made.hosts] == ["aiat"]  # type: ignore[union-attr]
    assert made.told["money"].value == "EUR 4m"  # type: ignore[union-attr]
    assert made.country.source == "News of 20 Nov 2026"  # type: ignore[union-attr]
    assert imported(changed(change), own).empty


def test_a_new_factory_and_a_new_site_become_skeletons(own: Path, changed: Changed) -> None:
    def change(facts: Facts) -> None:
        facts["ai_factories"].append(
            {"id": "aif-dk", "name": "Danish Factory", "country": "DK", "s": ["PDJ"]}
            | {"city": "Copenhagen", "host": "DeiC", "selected": "2026-10-01"}
            | {"location": {"lat": 55.7, "lon": 12.5, "precision": "town"}}
            | {"system": {"v": "Gefion 2", "s": ["INV"]}, "interim": None}
        )
        facts["france_sites"].append(
            {"id": "fr-lyon", "name": "Lyon", "mw": "some", "s": ["MAGIT"]}
        )

    plan = imported(changed(change), own)
    assert {new.file for new in plan.new} == {"factories/dk.yaml", "sites/lyon.yaml"}
    by_key = {item.key: item.spec for item in read_shelf(own).documents}
    made: Any = by_key["Site/dk"]
    assert made.dossier.factory.host.value == "DeiC"
    assert made.dossier.announced == date(2026, 10, 1)
    assert made.dossier.place.latitude_microdeg.value == 55_700_000
    assert made.dossier.told["system"].value == "Gefion 2"
    assert not made.operator.known, "nobody said who runs it"
    lyon: Any = by_key["Site/lyon"]
    assert not lyon.dossier.capacity_w.known
    assert lyon.dossier.told["mw"].value == "some"


def test_a_link_is_added_and_a_lost_link_is_left_to_a_person(own: Path, changed: Changed) -> None:
    def more(facts: Facts) -> None:
        subject(facts, "ai_factory_antennas", "ant-be")["linked_factories"]["v"].append("aif-bsc")

    def less(facts: Facts) -> None:
        subject(facts, "ai_factory_antennas", "ant-be")["linked_factories"]["v"].pop()

    plan = imported(changed(less), own)
    assert not plan.changes
    assert plan.to_read
    plan = imported(changed(more), own)
    assert [(one.path, one.after) for one in plan.changes] == [("hosts", "and bsc")]
    made: Any = next(i.spec for i in read_shelf(own).documents if i.key == "Antenna/be-aifa")
    assert [host.value for host in made.hosts] == ["lumi", "jaif", "bsc"]


def test_a_site_that_is_gone_stays_and_is_told(own: Path, changed: Changed) -> None:
    def change(facts: Facts) -> None:
        facts["france_sites"] = [x for x in facts["france_sites"] if x["id"] != "fr-rantigny"]

    plan = imported(changed(change), own)
    (one,) = plan.to_read
    assert (one.documents, one.after) == (("Site/rantigny",), "gone")
    assert "Site/rantigny" in {item.key for item in read_shelf(own).documents}


def test_a_value_that_is_not_told_any_more_is_left_to_a_person(own: Path, changed: Changed) -> None:
    def change(facts: Facts) -> None:
        lumi = subject(facts, "ai_factories", "aif-lumi")
        lumi["participating"]["v"] = None
        del lumi["city"]

    plan = imported(changed(change), own)
    assert not plan.changes
    assert {one.fact[1] for one in plan.to_read} == {"participating", "city"}


def test_what_a_source_is_called_is_carried_over(own: Path, changed: Changed) -> None:
    def change(facts: Facts) -> None:
        facts["sources"]["KH"]["title"] = "The Korea Herald, 13 June 2025"
        facts["sources"]["SEED0"]["title"] = "Otherwise"  # The catalogue has its own words for it.

    plan = imported(changed(change), own)
    assert plan.sources == {"KH": {"title": "The Korea Herald, 13 June 2025"}}
    assert [one.fact[0] for one in plan.to_read] == ["sources/SEED0"]
    assert read_shelf(own).sources["KH"].title == "The Korea Herald, 13 June 2025"


def test_written_twice_gives_the_same_bytes(own: Path, changed: Changed) -> None:
    def change(facts: Facts) -> None:
        facts["meta"]["made"] = "2026-11-30"
        subject(facts, "ai_factories", "aif-lumi")["participating"]["v"].append("SE")
        subject(facts, "ai_factories", "aif-lumi")["money"]["v"] = "much"
        subject(facts, "access_modes", "large_scale")["cutoff_dates"]["v"].append("2027-01-15")
        subject(facts, "france_sites", "fr-cambrai-evalley")["mw"] = {"v": 1200, "s": ["PDJ"]}

    path = changed(change)
    assert len(imported(path, own).changes) == 3
    once = all_bytes(own)
    assert not imported(path, own).changes
    assert all_bytes(own) == once


def test_a_rule_that_would_not_hold_leaves_every_file_as_it_was(
    own: Path, changed: Changed
) -> None:
    def change(facts: Facts) -> None:
        facts["meta"]["made"] = "2027-06-01"  # After today.
        subject(facts, "ai_factories", "aif-lumi")["grid_gco2_kwh"]["v"] = 80.1

    before = all_bytes(own)
    with pytest.raises(InvalidInput, match="rule 'dates' would not hold"):
        imported(changed(change), own)
    assert all_bytes(own) == before


def test_a_write_that_fails_halfway_leaves_every_file_as_it_was(
    own: Path, changed: Changed, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(facts: Facts) -> None:
        subject(facts, "ai_factories", "aif-lumi")["participating"]["v"].append("SE")
        subject(facts, "ai_factories", "aif-lux")["participating"]["v"].append("BE")

    path, before = changed(change), all_bytes(own)
    done: list[str] = []
    real = Path.replace

    def fails_second(self: Path, target: str | os.PathLike[str]) -> Path:
        done.append(str(target))
        if len(done) == 2:
            raise OSError(28, "No space left on device")
        return real(self, target)

    monkeypatch.setattr(Path, "replace", fails_second)
    with pytest.raises(InvalidInput, match="cannot be written"):
        imported(path, own)
    assert len(done) == 2
    assert all_bytes(own) == before


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: [", "is not YAML"),
        ("- 1", "no map 'sources'"),
        ("sources: {}", "meta.made: is no day"),
        ("meta: {made: 2026-11-21}\nsources: {A: 1}", "sources.A: has no title"),
        ("meta: {made: 2026-11-21}\nsources: {}\nx: 1", "x: is no part of facts"),
        ("meta: {made: 2026-11-21}\nsources: {}\nx: [{id: a}, {id: a}]", "x.1: has no id"),
        ("meta: {made: 2026-11-21}\nsources: {}\nx: [{id: a, s: KH}]", "no list of sources"),
    ],
)
def test_a_wrong_file_is_one_error_that_says_where(text: str, says: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        read_facts(text, "facts.yaml")
    assert says in str(caught.value)
    assert caught.value.mend


def test_a_source_that_is_nowhere_is_refused(own: Path, changed: Changed) -> None:
    def change(facts: Facts) -> None:
        subject(facts, "france_sites", "fr-cambrai-evalley")["mw"] = {"v": 1200, "s": ["NOWHERE"]}

    with pytest.raises(InvalidInput, match="source 'NOWHERE', which is not there"):
        imported(changed(change), own)


def test_a_factory_or_antenna_without_what_it_needs_is_refused(own: Path, changed: Changed) -> None:
    with pytest.raises(InvalidInput, match="no selected day or no host"):
        imported(
            changed(lambda f: f["ai_factories"].append({"id": "aif-x", "name": "X", "s": ["PDJ"]})),
            own,
        )
    with pytest.raises(InvalidInput, match="names no factory that is known"):
        imported(
            changed(
                lambda f: f["ai_factory_antennas"].append(
                    {"id": "ant-x", "name": "X", "s": ["PDJ"]}
                )
            ),
            own,
        )


def test_what_names_no_source_is_refused_or_left_to_a_person(own: Path, changed: Changed) -> None:
    plan = imported(
        changed(lambda f: subject(f, "ai_factories", "aif-lux").update(city="Luxembourg")), own
    )
    assert not plan.changes
    assert [one.why for one in plan.to_read] == ["names no source"]
    with pytest.raises(InvalidInput, match="name of it name no source"):
        imported(changed(lambda f: f["ai_factories"].append({"id": "aif-x", "name": "X"})), own)


TEXT = """\
# above
kind: Site
metadata: {name: a}
spec:
  # of the place
  place:
    city:  # where
      # told by hand
      value: NO
      source: A
      others:
        - {value: other, source: B}
    size: {value: 1, source: A}  # small
  list:
    - {value: x, source: A}
    # last

  end: true
---
kind: Site
metadata: {name: b}
spec: {flow: {value: 1, source: A}}
"""


def test_an_edit_keeps_comments_others_and_what_it_was() -> None:
    text = with_fact(TEXT, "Site/a", "place.city", {"value": "SE", "source": "C"})
    text = with_fact(text, "Site/a", "place.size", {"value": 2, "source": "C"})
    text = with_fact(text, "Site/a", "more.deep", {"value": 3, "source": "C"})
    text = with_item(text, "Site/a", "list", {"value": "y", "source": "C"})
    text = with_fact(text, "Site/b", "flow", {"value": 2, "source": "C"})
    for comment in ("# above", "# of the place", "# where", "# told by hand", "# small", "# last"):
        assert comment in text
    first, second = yaml.load_all(text, Loader=yaml.BaseLoader)
    city = first["spec"]["place"]["city"]
    assert city == {
        "value": "SE",
        "source": "C",
        "earlier": [{"value": "NO", "source": "A"}],
        "others": [{"value": "other", "source": "B"}],
    }
    assert first["spec"]["place"]["size"]["earlier"] == [{"value": "1", "source": "A"}]
    assert first["spec"]["more"]["deep"] == {"value": "3", "source": "C"}
    assert [item["value"] for item in first["spec"]["list"]] == ["x", "y"]
    assert first["spec"]["end"] == "true"
    assert second["spec"]["flow"]["earlier"] == [{"value": "1", "source": "A"}]
    with pytest.raises(InvalidDocument, match="is not in its file"):
        with_fact(TEXT, "Site/c", "x", {"value": 1})


def test_a_new_source_comes_in_its_order() -> None:
    text = with_source(
        "# head\nA:\n  title: a\nC:\n  title: c\n", "B", {"title": "b: 1", "url": "u"}
    )
    assert text == "# head\nA:\n  title: a\nB:\n  title: 'b: 1'\n  url: u\nC:\n  title: c\n"
    assert with_source(text, "C", {"title": "d", "url": "v"}).endswith("C:\n  title: d\n  url: v\n")


def test_facts_of_the_record_are_a_file_of_facts() -> None:
    text = yaml.safe_dump(collected(), allow_unicode=True)
    record = read_record((OURS / RECORD).read_text(encoding="utf-8"), RECORD)
    assert read_facts(text, "facts.yaml") == record.facts
