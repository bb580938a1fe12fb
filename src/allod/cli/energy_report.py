"""The energy report: what was asked for, what it came to, which files it leaves."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from allod.adapters.whole import write_whole
from allod.cli import energy_certificates, energy_view
from allod.cli.energy_meters import gather
from allod.cli.energy_sites import site_of
from allod.cli.output import note, out_json, waiting
from allod.cli.words import counted
from allod.domain.site import Site
from allod.domain.units import instant_text, parse_duration_s, parse_instant_s
from allod.energy.grid import Grid
from allod.energy.plain import record_csv, record_json, report_json
from allod.energy.report import EnergyReport, report
from allod.errors import InvalidInput, Unavailable
from allod.prove.canonical import canonical


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the command line says."""

    site: str
    begin: str
    end: str
    step: str
    readings: Sequence[Path]
    html: Path | None
    pdf: Path | None
    record: Path | None
    certificates: Path | None
    allocations: Path | None
    data: Path


def show(asked: Asked, *, as_json: bool) -> None:
    """Print the report and write the files that were asked for.

    Raises:
        InvalidInput: An option, the site's document or a file of readings is wrong.
    """
    _check(asked)
    grid = _grid(asked)
    name, site = site_of(asked.data, asked.site)
    with waiting("reading meters"):
        made = report(name, site, grid, gather(site.meters, grid, asked.readings))
    spent = _papers(asked, name, site, made)
    if asked.record:
        _hand_in(made, asked.record)
    if asked.html:
        from allod.cli.energy_page import page

        _write(asked.html, page(made).encode())
        note(f"a page with plots is in {asked.html}")
    if asked.pdf:
        from allod.cli.energy_pdf import pdf

        data = pdf(made)
        _write(asked.pdf, data)
        note(f"the report is in {asked.pdf}, sha256 {hashlib.sha256(data).hexdigest()}")
    if spent and asked.allocations:
        energy_certificates.record(spent, asked.allocations)
    if as_json:
        papers = energy_certificates.shown(spent) if spent else []
        out_json(report_json(made) | {"certificates": papers})
        return
    energy_view.show(made)
    if spent:
        energy_certificates.show(spent)


# -- what was asked for -------------------------------------------------------------------------


def _check(asked: Asked) -> None:
    files = (("--html", asked.html), ("--pdf", asked.pdf), ("--record", asked.record))
    for option, path in files:
        if path is not None and not path.parent.is_dir():
            raise InvalidInput(f"{option} {path}: there is no folder {path.parent}", mend="make it")
        if path is not None and path.is_dir():
            raise InvalidInput(f"{option} {path} is a folder", mend="name a file in it")
    if asked.record and asked.record.suffix not in (".json", ".csv"):
        raise InvalidInput(
            f"--record {asked.record} is neither .json nor .csv", mend="name it like one of them"
        )


def _grid(asked: Asked) -> Grid:
    try:
        begin_s, end_s = parse_instant_s(asked.begin), parse_instant_s(asked.end)
    except ValueError as error:
        raise InvalidInput(f"--from or --to {error}") from error
    try:
        step_s = parse_duration_s(asked.step)
    except ValueError as error:
        raise InvalidInput(f"--step {error}") from error
    if end_s <= begin_s:
        raise InvalidInput("--to is not after --from", mend="write a later --to")
    if step_s < 1 or (end_s - begin_s) % step_s:
        raise InvalidInput(
            f"the time from {instant_text(begin_s)} to {instant_text(end_s)} is no whole number of "
            f"steps of {asked.step}",
            mend="write e.g. --step 15min",
        )
    return Grid(begin_s, step_s, (end_s - begin_s) // step_s)


def _papers(
    asked: Asked, name: str, site: Site, made: EnergyReport
) -> energy_certificates.Papers | None:
    """What certificates cover of the metered use, where some were given."""
    if asked.certificates is None and asked.allocations is None:
        return None
    use = energy_certificates.use_of(name, site, made.account)
    return energy_certificates.papers(use, asked.certificates, asked.allocations)


# -- what it leaves -----------------------------------------------------------------------------


def _hand_in(made: EnergyReport, path: Path) -> None:
    """Write the EU 2024/1364 record and say its hash, and what is not in it."""
    if made.year is None:
        raise InvalidInput(
            "the record is of a calendar year, and the period is none",
            mend="write e.g. --from 2025-01-01 --to 2026-01-01 without --record, or with both",
        )
    json = path.suffix == ".json"
    data = canonical(record_json(made)) if json else record_csv(made).encode()
    _write(path, data)
    lacking = sum(line.value is None for line in made.record)
    note(
        f"the EU 2024/1364 record of {made.year} is in {path}, sha256 "
        f"{hashlib.sha256(data).hexdigest()}"
        + (f"; {counted(lacking, 'line')} in it without a value" if lacking else "")
    )


def _write(path: Path, data: bytes) -> None:
    try:
        write_whole(path, data)
    except OSError as error:
        raise Unavailable(
            f"{path} cannot be written: {(error.strerror or str(error)).lower()}",
            mend="make room, or choose another path",
        ) from error
