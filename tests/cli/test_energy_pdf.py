"""The energy report as a PDF, read back: figures, refusals, links, tags, and the same bytes."""

from __future__ import annotations

import hashlib
import os
import re
import subprocess
import sys
from dataclasses import replace
from functools import cache
from io import BytesIO
from pathlib import Path

import pytest
from pypdf import PdfReader

from allod.cli.energy_pdf import pdf
from allod.energy.plain import record_json
from allod.energy.report import EnergyReport
from allod.errors import InvalidInput
from allod.prove.canonical import canonical
from tests.cli.conftest import Allod
from tests.cli.test_energy_report import CLAIM, PERIOD, document
from tests.energy.metered_plant import METERS, evidence, site, year_of
from tests.energy.test_metered_plant import all_but, changed


@cache
def plant() -> EnergyReport:
    """The plant's year with four hours of a feed lost and no meter of the cooling."""
    gap = changed("feed-b", all_but("feed-b", 100, 104))
    claims = site(claims=[CLAIM]).claims
    return year_of(evidence(chillers=None, feed_b=gap), claims=claims)


def read(made: EnergyReport) -> PdfReader:
    return PdfReader(BytesIO(pdf(made)))


def lines_of(made: EnergyReport) -> list[str]:
    """All text, each line of a table as one, with one space between cells."""
    pages = (page.extract_text(extraction_mode="layout") for page in read(made).pages)
    return [" ".join(line.split()) for page in pages for line in page.splitlines() if line.strip()]


def test_every_line_of_the_record_is_there_with_its_figure() -> None:
    made = year_of(evidence())
    lines = lines_of(made)
    for one in made.record:
        shown = [line for line in lines if line.startswith(f"{one.item} {one.symbol}".strip())]
        assert shown, one.item
        words = str(one.value).split()[0]
        assert any(words in line for line in shown), (one.item, one.symbol)
    assert any(re.fullmatch(r"II.1\(d\) EDC total energy .* 9637200 kWh .*", one) for one in lines)
    assert any(re.fullmatch(r"III\(a\) PUE .* 1.158 1 .*", line) for line in lines)
    assert not any(re.match(r"I.*not reported", line) for line in lines)


def test_what_lacks_is_refused_in_words() -> None:
    lines = lines_of(plant())
    gap = "not reported: meter 'feed-b' is not known in 4 of 8,760 steps (4 gap)"
    assert f"II.1(d) EDC total energy consumption {gap}" in lines
    assert any(line.startswith("III(a) PUE") and line.endswith(gap) for line in lines)
    assert any(
        line.startswith("CER") and line.endswith("not reported: no meter measures 'cooling'")
        for line in lines
    )
    refused = sum(one.value is None for one in (*plant().record, *plant().kpis))
    assert sum("not reported:" in line for line in lines) == refused


def test_a_period_that_is_no_year_says_that_nothing_can_be_handed_in() -> None:
    text = " ".join(
        lines_of(replace(plant(), year=None, notes=("the period is no calendar year",)))
    )
    assert "the period is no calendar year" in text
    assert "The file to hand in" not in text


def test_it_names_the_hash_of_the_file_to_hand_in() -> None:
    sha256 = hashlib.sha256(canonical(record_json(plant()))).hexdigest()
    assert sha256 in lines_of(plant())


def test_the_same_report_is_the_same_bytes_in_any_process() -> None:
    """Whatever the seed of hashes, the time zone and the fonts of the machine are."""
    code = (
        "import hashlib, sys; from tests.cli.test_energy_pdf import pdf, plant; "
        "print(hashlib.sha256(pdf(plant())).hexdigest())"
    )
    more = {"PYTHONHASHSEED": "1", "TZ": "Asia/Tokyo", "TYPST_FONT_PATHS": "/usr"}
    env = {**os.environ, **more, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == hashlib.sha256(pdf(plant())).hexdigest()


def test_it_is_tagged_and_says_what_it_is_and_in_which_language() -> None:
    found = read(plant())
    root = found.trailer["/Root"]
    assert root["/Lang"] == "en"
    assert root["/MarkInfo"]["/Marked"]
    assert "/StructTreeRoot" in root
    assert found.metadata is not None
    assert found.metadata.title == "Energy of Plant"
    assert str(found.metadata.creation_date) == "2026-01-01 00:00:00+00:00"
    meta = root["/Metadata"].get_object().get_data().decode()
    assert "<pdfuaid:part>1</pdfuaid:part>" in meta


def test_plots_are_vectors_with_words_and_each_page_has_its_number() -> None:
    pages = read(plant()).pages
    for number, page in enumerate(pages, 1):
        objects = page["/Resources"].get("/XObject", {}).values()
        assert all(one.get_object()["/Subtype"] != "/Image" for one in objects)
        assert f"page {number} of {len(pages)}" in page.extract_text()
    lines = lines_of(plant())
    assert "Figure 1: Energy into the data centre, per 1 d; 1 bar not known" in lines
    assert any("Mar 2025" in line for line in lines), "dates of the axis are text"


def test_heads_are_repeated_where_a_table_goes_on() -> None:
    head = "item symbol what value unit from"
    pages = [page.extract_text(extraction_mode="layout") for page in read(plant()).pages]
    broken = next(text for text in pages[1:] if "II." in text)
    lines = [" ".join(line.split()) for line in broken.splitlines()]
    assert head in lines[: next(i for i, line in enumerate(lines) if line.startswith("II."))]


def test_every_meter_of_a_figure_is_a_link_to_its_row() -> None:
    found = read(plant())
    links = [
        link.get_object()
        for page in found.pages
        for link in page.get("/Annots", [])
        if link.get_object()["/Subtype"] == "/Link"
    ]
    figures = (*plant().record, *plant().kpis, *plant().enefg, *plant().claims)
    named = sum(
        name in METERS
        for one in figures
        if not (getattr(one, "missing", ()) or getattr(one, "why", ()))
        for name in dict.fromkeys(one.inputs)
    )
    assert len(links) == named > 10
    assert all(link["/Dest"].get_object() for link in links)


def test_text_of_a_document_is_text_and_no_markup() -> None:
    odd = '#panic("x") *bold* $y$ <label> @ref [a] \\ "quoted" – Ω Ж'
    found = lines_of(replace(plant(), title=odd))
    assert any(odd in line for line in found)


def test_a_sign_that_no_font_has_is_told_with_how_to_mend_it() -> None:
    with pytest.raises(InvalidInput, match=r"東.* could not be displayed.*take --html"):
        pdf(replace(plant(), title="東京"))


def test_the_command_writes_it_and_says_its_hash(allod: Allod, tmp_path: Path) -> None:
    file, out = str(document(tmp_path)), tmp_path / "report.pdf"
    told = allod("report", "energy", file, *PERIOD, "--pdf", str(out))
    assert told.status == 0
    assert hashlib.sha256(out.read_bytes()).hexdigest() in told.err
    assert PdfReader(out).pages
    gone = allod("report", "energy", file, *PERIOD, "--pdf", "nowhere/report.pdf")
    assert gone.status == 2
    assert "--pdf nowhere/report.pdf: there is no folder nowhere\nmend: make it" in gone.err
