"""The catalogue's files: a fact without a date has that of its first source."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from allod.catalogue import files
from allod.catalogue.files import read_shelf
from allod.domain.site import Site
from allod.errors import InvalidDocument

SOURCES = """
PAPER: {title: a paper, kind: press, date: 2025-06-13}
PAGE: {title: a page without a date, kind: press, read: 2026-11-21}
SAYING: {title: nobody knows when, kind: unchecked}
"""


def read(folder: Path, **changed: Any) -> Site:
    """A site of which the country is told as `changed` says."""
    unknown = {"standing": "unknown"}
    spec = {
        "title": "S",
        "country": {"value": "NO", **changed},
        "operator": {**unknown, "source": "PAGE"},
        "management": unknown,
        "metadata": unknown,
        "parties": [{"party": "owner", "role": "owner", "source": "PAPER"}],
        "declarations": [{"fact": "contract-law", "answer": ["NO"], "source": "PAPER"}],
        "runner": "none",
    }
    item = {"apiVersion": "allod/v1", "kind": "Site", "metadata": {"name": "s"}, "spec": spec}
    (folder / "sources.yaml").write_text(SOURCES)
    (folder / "s.yaml").write_text(yaml.safe_dump(item))
    (document,) = read_shelf(folder).documents
    assert isinstance(document.spec, Site)
    return document.spec


@pytest.mark.parametrize(
    ("told", "day"),
    [
        ({"source": "PAPER"}, date(2025, 6, 13)),
        ({"source": "PAPER + PAGE"}, date(2025, 6, 13)),
        ({"source": "PAGE + PAPER"}, date(2026, 11, 21)),
        ({"source": "PAPER", "date": date(2025, 1, 1)}, date(2025, 1, 1)),
        ({"source": "SAYING"}, None),
        ({}, None),
    ],
)
def test_a_fact_has_its_own_date_or_that_of_its_first_source(
    tmp_path: Path, told: dict[str, Any], day: date | None
) -> None:
    assert read(tmp_path, **told).country.date == day


def test_what_is_said_before_and_by_others_is_dated_too(tmp_path: Path) -> None:
    country = read(
        tmp_path,
        source="PAGE",
        earlier=[{"value": "SE", "source": "PAPER"}],
        others=[{"value": "FI", "source": "PAPER"}],
    ).country
    assert [one.date for one in (*country.earlier, country, *country.others)] == [
        date(2025, 6, 13),
        date(2026, 11, 21),
        date(2025, 6, 13),
    ]


def test_unknown_facts_and_declarations_are_dated_and_roles_are_not(tmp_path: Path) -> None:
    site = read(tmp_path, source="PAPER")
    assert site.operator.date == date(2026, 11, 21)
    assert site.declarations[0].date == date(2025, 6, 13)
    assert site.parties[0].starts == 0


def test_a_double_key_in_a_shipped_document_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(tmp_path)
    file = tmp_path / "s.yaml"
    file.write_text(file.read_text() + "  country: SE\n  country: NO\n")
    monkeypatch.setattr(files, "files", lambda package: tmp_path)
    with pytest.raises(InvalidDocument, match="'country' is there twice"):
        read_shelf()


def test_only_a_shipped_document_may_be_nested_deep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read(tmp_path)
    (tmp_path / "deep.yaml").write_text("[" * 70 + "]" * 70)
    with pytest.raises(InvalidDocument, match="nested more than 64 deep"):
        read_shelf(tmp_path)
    monkeypatch.setattr(files, "files", lambda package: tmp_path)
    with pytest.raises(InvalidDocument, match="a document is a mapping"):
        read_shelf()
