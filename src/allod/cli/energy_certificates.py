"""Certificates of a site: what they cover, and the file in which what is spent stays spent."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from allod.adapters.certificates import read_certificates, read_spent, spent_csv
from allod.adapters.whole import alone_in, write_whole
from allod.cli.output import Column, note, out, table
from allod.domain.meters import Quantity
from allod.domain.site import Site
from allod.energy.account import Account
from allod.energy.cancellation import OTHERS, Covered, Spent, Use, cancel, would_cover
from allod.errors import Conflict, InvalidInput, Unavailable

COLUMNS = (
    Column("rule"),
    Column("covered MWh", right=True),
    Column("of what came from the grid", right=True),
    Column("what hinders", wraps=True),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Papers:
    """What certificates cover of a use: by the rule in force first, then by the others."""

    use: Use
    covered: tuple[Covered, ...]
    earlier: tuple[Spent, ...]


def papers(use: Use, certificates: Path | None, allocations: Path | None) -> Papers | None:
    """What the certificates of a file cover, after what the file of allocations has spent.

    Raises:
        Conflict: A certificate would be spent twice.
        InvalidInput, NotFound: A file is wrong.
    """
    if certificates is None:
        if allocations is not None:
            raise InvalidInput("--allocations without --certificates", mend="give both")
        return None
    issued = read_certificates(certificates)
    earlier = read_spent(allocations) if allocations and allocations.exists() else ()
    others = (would_cover(use, issued, earlier, rule) for rule in OTHERS)
    return Papers(use=use, covered=(cancel(use, issued, earlier), *others), earlier=earlier)


def use_of(name: str, site: Site, account: Account) -> Use:
    """What a site drew from the grid by its meters: all that came in, less its own plant.

    Raises:
        InvalidInput: The zone, or what came in each step, is not known.
    """
    came, own = account.steps(Quantity.EDC), account.steps(Quantity.RENEWABLE_ON_SITE)
    zone = site.supply.grid.zone.value if site.supply else None
    missing = came.missing + own.missing
    if zone is None:
        missing += ("'supply.grid.zone' is not known",)
    if missing or zone is None:
        raise InvalidInput(
            f"--certificates: what site '{name}' drew from the grid is not known: "
            f"{'; '.join(missing)}",
            mend="give what lacks, or leave --certificates out",
        )
    drawn_wh = np.maximum(came.values - own.values, 0.0)
    return Use(claimant=name, zone=zone, grid=account.grid, import_wh=drawn_wh)


def show(made: Papers) -> None:
    """Print what they cover by each rule."""
    out()
    out("CERTIFICATES, BY RULE")
    table(COLUMNS, rows(made), none="there are none")


def rows(made: Papers) -> list[tuple[object, ...]]:
    """What they cover by each rule, as the cells of `COLUMNS`."""
    return [
        (
            one["rule"],
            "-" if one["covered_mwh"] is None else f"{one['covered_mwh']:,.3f}",
            "-" if one["share"] is None else f"{one['share']:.3f}",
            one["why"],
        )
        for one in shown(made)
    ]


def record(made: Papers, path: Path) -> None:
    """Write all that is spent into the file of allocations: the others', and this use's.

    Raises:
        Conflict: Something was spent by another command since it was read.
        Unavailable: It cannot be written.
    """
    try:
        with alone_in(path.parent):
            _record(made, path)
    except OSError as error:
        raise Unavailable(f"{path}: cannot be written: {error.strerror}") from error
    note(f"what is spent of the certificates is in {path}")


def _record(made: Papers, path: Path) -> None:
    if (read_spent(path) if path.exists() else ()) != made.earlier:
        raise Conflict(
            f"{path} has changed meanwhile", mend="run this again: it counts what is new"
        )
    own = made.covered[0].spent
    keys = {(one.claimant, one.starts_s, one.ends_s) for one in own}
    others = tuple(
        one for one in made.earlier if (one.claimant, one.starts_s, one.ends_s) not in keys
    )
    write_whole(path, spent_csv(others + own).encode())


def shown(made: Papers) -> list[dict[str, Any]]:
    """What they cover by each rule, as plain values."""
    drawn_wh = float(made.use.import_wh.sum())
    return [
        {
            "rule": one.rule.version,
            "covered_mwh": None if covered_wh is None else covered_wh / 1e6,
            "share": covered_wh / drawn_wh if covered_wh is not None and drawn_wh else None,
            "why": one.why,
        }
        for one in made.covered
        for covered_wh in [None if one.covered_wh is None else float(one.covered_wh.sum())]
    ]
