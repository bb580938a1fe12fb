"""The published schemas agree with the models on every document we have, and on typos in them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from allod.domain.document import KINDS
from allod.domain.schema import DIALECT, schema_of
from allod.errors import NotFound
from tests.documents import FILES, ROOT, raw, with_typos

jsonschema_rs = pytest.importorskip("jsonschema_rs")


def validator(kind: str) -> Any:
    return jsonschema_rs.validator_for(schema_of(kind))


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_is_a_schema_and_describes_itself(kind: str) -> None:
    schema = schema_of(kind)
    assert jsonschema_rs.meta.is_valid(schema)
    assert schema["$schema"] == DIALECT
    assert schema["$id"] == f"urn:allod:v1:{kind}"
    assert schema["title"] == kind
    assert schema["description"]
    assert schema["required"] == ["apiVersion", "kind", "metadata", "spec"]
    text = json.dumps(schema)
    assert "Annotated" not in text
    assert "x-allod" not in text
    assert '"ge"' not in text
    for name, node in schema["$defs"].items():
        assert f'"#/$defs/{name}"' in text, f"{name} is not used"
        if node.get("type") == "object":
            assert node["additionalProperties"] is False, name


def test_an_unknown_kind_is_refused_with_the_nearest() -> None:
    with pytest.raises(NotFound, match="write Site"):
        schema_of("site")
    with pytest.raises(NotFound, match="one of Party"):
        schema_of("zzz")


@pytest.mark.parametrize(
    ("field", "fits", "over"),
    [("supply_c", -20, 201), ("approach_k", 3, 2), ("misc_milli", 0, 1_001)],
)
def test_facts_of_different_ranges_keep_their_own(field: str, fits: int, over: int) -> None:
    schema = schema_of("Site")
    cooling = {"$defs": schema["$defs"], "$ref": "#/$defs/Cooling"}
    check = jsonschema_rs.validator_for(cooling)
    assert check.is_valid({"plant": "air", field: fits})
    assert not check.is_valid({"plant": "air", field: over})
    phase = jsonschema_rs.validator_for({"$defs": schema["$defs"], "$ref": "#/$defs/Phase"})
    live = {"name": "p", "state": "live", "accelerators": {"gpu": 100_000}}
    assert phase.is_valid(live), "counts keep theirs"


def test_the_page_of_the_documents_is_fresh() -> None:
    command = [sys.executable, ROOT / "scripts/docs_documents.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_fits_its_schema_and_no_typo_does(path: Path) -> None:
    for item in raw(path):
        check = validator(item["kind"])
        assert [error.message for error in check.iter_errors(item)] == []
        for where, changed in with_typos(item, "ZZ typo"):
            if not where.endswith(("environment", "labels")):
                assert not check.is_valid(changed), where


@pytest.mark.parametrize(
    ("value", "fits"),
    [
        ("2h", True),
        ("1h30m", True),
        ("1h 30m", True),
        ("90", True),
        (90, True),
        (0, False),
        (-1, False),
        ("1.5h", False),
        ("long", False),
        (None, False),
    ],
)
def test_durations_fit_as_they_are_read(value: Any, fits: bool) -> None:
    assert validator("Workload").is_valid(workload(wall_time_s=value)) is fits


@pytest.mark.parametrize(
    ("value", "fits"),
    [("2026-12-31", True), ("2026-12-31T06:00Z", True), (7, True), ("soon", False), (-1, False)],
)
def test_instants_fit_as_they_are_read(value: Any, fits: bool) -> None:
    item = workload(flexibility={"not_before": value})
    assert validator("Workload").is_valid(item) is fits


@pytest.mark.parametrize(
    ("seat", "fits"),
    [
        ("NO", True),
        ("unknown", True),
        (None, True),
        ({"value": "NO", "standing": "attested", "date": "2026-01-01"}, True),
        ({"standing": "unknown", "note": "n"}, True),
        ("ZZ", False),
        ("no", False),
        ({"value": "NO", "standing": "sure"}, False),
    ],
)
def test_facts_fit_bare_and_in_full(seat: Any, fits: bool) -> None:
    item = {
        "apiVersion": "allod/v1",
        "kind": "Party",
        "metadata": {"name": "p"},
        "spec": {"title": "T", "seat": seat},
    }
    assert validator("Party").is_valid(item) is fits


@pytest.mark.parametrize(("place", "fits"), [("NO", True), ("eea", True), ("EEA", False)])
def test_places_are_countries_and_areas(place: str, fits: bool) -> None:
    item = workload(residency={"storage": [place]})
    assert validator("Workload").is_valid(item) is fits


def workload(**changes: Any) -> dict[str, Any]:
    return {
        "apiVersion": "allod/v1",
        "kind": "Workload",
        "metadata": {"name": "w"},
        "spec": {"project": "p", "accelerators": 1, "wall_time_s": 60, **changes},
    }
