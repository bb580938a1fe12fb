"""E4: what weather makes of an envelope is the same watts on every machine, floats or not.

IEEE 754 says to the last bit what +, -, *, / and the square root of two doubles are; of powers,
exponentials and sines it does not, nor of sums whose order is the library's choice. So plants that
decide are written in the former alone.
"""

from __future__ import annotations

import ast
import importlib
import inspect
from types import ModuleType

import numpy as np
import pytest

from allod.decide import layout, outlook, plants, supply
from allod.decide.described import with_documents
from allod.domain.event import DocumentsApplied
from allod.energy.outdoor_air import OutdoorAir
from tests.decide.worlds import Json, charter, one_pool
from tests.energy.plants import PLANTS

#: Rounded in one way, exact, or only choosing among what is there.
EXACT = {
    *("sqrt", "floor", "ceil", "clip", "maximum", "minimum", "heaviside", "where", "isfinite"),
    *("isnan", "nanmax", "nan", "array", "asarray", "zeros", "zeros_like", "full", "full_like"),
    *("broadcast", "broadcast_to", "concatenate", "arange", "repeat"),
    *("int64", "float64"),
    *("cumsum", "divmod", "flatnonzero"),  # In `supply`, of whole numbers.
}
#: What it has beside the class is for those who have a humidity; a forecast gives the wet bulb.
NOT_ASKED = "allod.energy.outdoor_air"


def deciding() -> list[ModuleType]:
    """Modules in which watts are worked out for the engine, found by what imports what."""
    found: dict[str, ModuleType] = {}
    waiting = [layout, outlook, plants, supply]
    while waiting:
        module = waiting.pop()
        found[module.__name__] = module
        for node in ast.walk(ast.parse(inspect.getsource(module))):
            if not isinstance(node, ast.ImportFrom) or not node.module:
                continue
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
            for name in names:
                if name.startswith("allod.energy.") and name not in found and name != NOT_ASKED:
                    try:
                        waiting.append(importlib.import_module(name))
                    except ModuleNotFoundError:
                        continue  # It is the name of something in a module.
    return [found[name] for name in sorted(found)]


def inexact(text: str) -> list[str]:
    """What `text` does that another machine may round otherwise."""
    found = []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.BinOp | ast.AugAssign) and isinstance(
            node.op, ast.Pow | ast.MatMult
        ):
            found.append(f"{type(node.op).__name__}, line {node.lineno}")
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names = [getattr(node, "module", None), *(alias.name for alias in node.names)]
            found += [name for name in names if name in ("math", "cmath", "scipy", "numba")]
        elif isinstance(node, ast.Attribute) and getattr(node.value, "id", "") == "np":
            found += [f"np.{node.attr}, line {node.lineno}"] if node.attr not in EXACT else []
    return found


def test_watts_that_are_decided_on_are_worked_out_in_operations_that_ieee_754_fixes():
    names = [module.__name__ for module in deciding()]
    assert {"allod.energy.tower", "allod.energy.chiller", "allod.energy.curve"} <= {*names}
    for module in deciding():
        assert not inexact(inspect.getsource(module)), module.__name__


@pytest.mark.parametrize("text", ["x ** 2.5", "np.exp(x)", "import math", "a @ b"])
def test_an_operation_that_is_left_to_a_library_is_found(text: str):
    assert inexact(text)


AIR = OutdoorAir(
    np.array([-15.0, 3.217, 17.999, 24.6, 41.0]), np.array([-16.0, 1.1, 12.345, 20.0, 27.7])
)
#: By plant, at 7,654,321 W of IT in that air: what the meter shows, to the last bit.
BITS = {
    "air": [
        "0x1.06814d4b1b26cp+23",
        "0x1.06814d4b1b26cp+23",
        "0x1.3a63cf97324acp+23",
        "0x1.41737c4beb3e4p+23",
        "0x1.5e4f3758da7b8p+23",
    ],
    "dry": [
        "0x1.0533063265ee8p+23",
        "0x1.05472c1397e24p+23",
        "0x1.0583a16c71f93p+23",
        "0x1.0bbaf2d19e796p+23",
        "0x1.4d64f6ff38edap+23",
    ],
    "flat": [
        "0x1.00f3523333334p+23",
        "0x1.00f3523333334p+23",
        "0x1.00f3523333334p+23",
        "0x1.00f3523333334p+23",
        "0x1.00f3523333334p+23",
    ],
    "tower": [
        "0x1.108971ab74805p+23",
        "0x1.108971ab74805p+23",
        "0x1.1192f9a48f91bp+23",
        "0x1.28b2c3c253886p+23",
        "0x1.36417e1d8bfb2p+23",
    ],
}


@pytest.mark.parametrize("name", sorted(BITS))
def test_a_plant_draws_the_same_to_the_last_bit_on_every_machine(name: str):
    drawn_w = PLANTS[name].facility_w(np.full(5, 7_654_321.0), AIR)
    assert [watts.hex() for watts in drawn_w.tolist()] == BITS[name]


def test_past_use_decays_by_a_whole_number_that_no_library_rounds():
    for half_life_s, left in ((0, 65536), (1, 0), (3600, 32768), (7200, 46341), (604_800, 65266)):
        world = one_pool(1, [{"name": "x"}])
        world[1] = charter("s", [{"name": "x"}], use_half_life_s=half_life_s)
        state, _ = layout.lay_out(with_documents({}, _told(world)), 0, "charter")
        assert state.site[0]["decay"] == left


def _told(world: list[Json]) -> DocumentsApplied:
    return DocumentsApplied(at_s=0, documents=tuple(world))
