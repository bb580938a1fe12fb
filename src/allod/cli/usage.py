"""Usage: what was called, in tokens, joules and grams, and how well the energy is known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from allod.cli.client import Json, connect
from allod.cli.output import Column, out, out_json, pairs, table
from allod.cli.used import short
from allod.domain.nearest import mend_of
from allod.errors import Different, InvalidInput
from allod.run.serving.kept import By

_NUMBERS = (
    Column("calls", right=True),
    Column("refused", right=True),
    Column("failed", right=True),
    Column("tokens in", right=True),
    Column("cached", right=True),
    Column("out", right=True),
    Column("energy", right=True),
    Column("per 1,000 tokens", right=True),
    Column("CO2e", right=True),
    Column("energy is", wraps=True),
)
#: What people write, by what it stands for.
_BY = {"class" if name is By.ACCESS_CLASS else name.value: name for name in By}
_UNITS_J = ((3.6e9, "MWh"), (3.6e6, "kWh"), (3.6e3, "Wh"), (1.0, "J"))

_PARTS = (
    ("meter_mj", "they counted"),
    ("records_mj", "in records of calls"),
    ("open_mj", "of calls not yet settled"),
    ("reserve_mj", "reserve: nobody called"),
    ("gap_mj", "gaps: a counter began anew"),
)


def show(data: Path, by: Sequence[str], where: Json, *, as_json: bool) -> None:
    """Print sums of usage, one line for each value of what they are `by`."""
    for name in by:
        if name not in _BY:
            mend = mend_of(name, _BY, f"write one of {', '.join(_BY)}")
            raise InvalidInput(f"--by '{name}' is nothing that usage is summed by", mend=mend)
    names = [_BY[name].value for name in by]
    with connect(data) as node:
        found = node.get("/v1/usage", by=names, **where)["items"]
    if as_json:
        out_json(found)
        return
    columns = (*(Column(name) for name in by), *_NUMBERS)
    rows = [(*(item[name] or "-" for name in names), *_numbers(item)) for item in found]
    table(columns, rows, none="nothing was called")


def check(data: Path, *, as_json: bool) -> None:
    """Print what meters counted beside what calls got.

    Raises:
        Different: They are not the same.
    """
    with connect(data) as node:
        found = node.get("/v1/usage/energy")
    if as_json:
        out_json(found)
    else:
        rows = [(word, f"{found[name]:,} mJ") for name, word in _PARTS]
        pairs([("windows of meters", f"{found['windows']:,}"), *rows])
        if not found["faults"]:
            out("exact: the parts are what the meters counted")
    if found["faults"]:
        raise Different("energy does not add up: " + "; ".join(found["faults"]))


def _numbers(item: Json) -> tuple[str, ...]:
    known = _energy_calls(item) > 0
    return (
        f"{item['calls']:,}",
        f"{item['refused']:,}",
        f"{item['failed'] + item['interrupted']:,}",
        f"{item['prompt_tokens']:,}",
        f"{item['cached_tokens']:,}",
        f"{item['answer_tokens']:,}",
        energy(item["energy_mj"]) if known else "-",
        "-" if (each := item["energy_per_1000_tokens_mj"]) is None else energy(each),
        f"{short(item['co2e_ug'] / 1e6)} g" if known and item["co2e_ug"] else "-",
        _methods(item),
    )


def _energy_calls(item: Json) -> int:
    """Calls whose energy is known, measured or not."""
    return int(item["energy_measured"]) + int(item["energy_estimated"])


def _methods(item: Json) -> str:
    """How the energy of the calls that were served is known, in shares of them."""
    parts = [(int(item[f"energy_{word}"]), word) for word in ("measured", "estimated", "unknown")]
    total = sum(count for count, _ in parts)
    told = (f"{count / total:.0%} {word}" for count, word in parts if count)
    return ", ".join(told) if total else "-"


def energy(amount_mj: int) -> str:
    """An energy with three digits that count: '512 J', '1.24 Wh', '87.1 kWh'."""
    amount_j = amount_mj / 1000
    size, unit = next((one for one in _UNITS_J if amount_j >= one[0]), _UNITS_J[-1])
    return f"{short(amount_j / size)} {unit}"
