"""The page on Slurm sites: it explains every field, and its output is what a check prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from allod.cli.sites import _MARKS
from allod.domain.document import read_documents
from allod.domain.site import Site
from allod.domain.slurm import (
    PowerLicence,
    Slurm,
    SlurmClass,
    SlurmCommand,
    SlurmPool,
    SlurmProject,
)

PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/connect-a-slurm-site.md"
TEXT = PAGE.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "part", [Slurm, SlurmCommand, SlurmPool, SlurmProject, SlurmClass, PowerLicence]
)
def test_every_field_of_the_section_is_explained(part: type[Slurm]) -> None:
    table = re.findall(r"^\|.*\|$", TEXT, re.MULTILINE)
    words = set(re.findall(r"`([a-z_]+)`", "\n".join(table)))
    assert not set(part.model_fields) - words


def test_the_example_uses_what_the_page_explains() -> None:
    block = re.search(r"^```yaml\n(apiVersion.*?)^```", TEXT, re.MULTILINE | re.DOTALL)
    assert block
    site = read_documents(block[1], PAGE.name)[0].spec
    assert isinstance(site, Site)
    assert site.slurm
    unused = set(Slurm.model_fields) - site.slurm.model_fields_set
    assert unused == {"command", "key"}  # Said in the table to be left out here.


def test_the_licences_on_the_page_are_those_of_its_example() -> None:
    said = re.search(r"Licenses=power:(\d+) +# × (\d+) W = (\d+) kW", TEXT)
    assert said
    assert int(said[1]) * int(said[2]) == int(said[3]) * 1000 == 44_000 - 2_000


def test_the_last_line_of_the_check_counts_the_marks_above() -> None:
    counted = [
        len(re.findall(rf"^{re.escape(mark)} \w", TEXT, re.MULTILINE)) for mark in _MARKS.values()
    ]
    assert f"{counted[0]} work, {counted[1]} warning, {counted[2]} fail" in TEXT
