"""The control matrix: whoever runs the machines can, unless something is known to lock him out."""

from __future__ import annotations

from typing import Any

import pytest

from allod.prove.sovereignty.control import Act, Asset, Cell, control_matrix
from allod.prove.sovereignty.grade import Grade
from tests.prove.sovereignty.worlds import attested, base_of, best, declared, party, register, site


def cells(answers: dict[str, Any], *, vouched: bool = True, **more: Any) -> dict[str, Cell]:
    parties = {
        **register(),
        "op": party("FR", {"us": 6000}),
        "us": party("US"),
        "helper": party("GB", {"closed": 9000}),
        "closed": party("GB", dispersed=False),
    }
    there = site((attested if vouched else declared)(answers), **more)
    return {f"{cell.asset} {cell.act}": cell for cell in control_matrix(base_of(there, parties))}


def who(cell: Cell) -> dict[str, tuple[str, ...]]:
    return {hand.party: hand.laws for hand in cell.hands}


def test_there_is_a_cell_for_each_asset_and_act() -> None:
    assert list(cells({})) == [f"{asset} {act}" for asset in Asset for act in Act]


def test_an_operator_is_under_the_law_of_its_owners_too() -> None:
    found = cells({"remote-access-by": [], "remote-stop-by": []})
    assert who(found["admin plane change"]) == {"op": ("FR", "US")}
    assert found["admin plane change"].laws == ("FR", "US")


def test_what_is_not_known_is_taken_to_be_possible() -> None:
    found = cells({})
    for name, cell in found.items():
        assert "?" in who(cell), name
        assert cell.grade is Grade.UNKNOWN
        assert "?" in cell.laws
    assert "op" in who(found["data read"])


def test_a_seal_locks_out_whoever_runs_the_machines_but_cannot_stop_a_deletion() -> None:
    found = cells(best())
    assert who(found["data read"]) == {"customer": ()}
    assert who(found["data copy"]) == {"customer": ()}
    assert found["data copy"].locked_out == ("op [attested by An auditor]",)
    assert found["data copy"].grade is Grade.ATTESTED
    assert who(found["data delete"]) == {"customer": (), "op": ("FR", "US")}
    assert who(found["weights change"]) == {"customer": (), "op": ("FR", "US")}


@pytest.mark.parametrize("sealed", [False, None])
def test_without_a_seal_the_operator_reads(sealed: bool | None) -> None:
    answers = best()
    answers["data-sealed-from-operator"] = sealed
    if sealed is None:
        del answers["data-sealed-from-operator"]
    cell = cells(answers)["data copy"]
    assert set(who(cell)) == {"customer", "op"}
    assert cell.grade is (Grade.UNKNOWN if sealed is None else Grade.DECLARED)


@pytest.mark.parametrize(
    ("holder", "hands"),
    [
        ("customer", {"customer": ()}),
        ("operator", {"op": ("FR", "US")}),
        # Who owns more than half of the helper's owner is not known.
        ("helper", {"helper": ("?", "GB")}),
        ("stranger", {"stranger": ("?",)}),
    ],
)
def test_the_holder_of_the_keys_has_them(holder: str, hands: dict[str, tuple[str, ...]]) -> None:
    found = cells({**best(), "keys-held-by": holder})
    assert who(found["keys copy"]) == hands
    assert set(hands) <= set(who(found["data read"]))


def test_hands_from_afar_reach_and_stop() -> None:
    found = cells({**best(), "remote-access-by": ["helper"], "remote-stop-by": ["maker", "op"]})
    assert set(who(found["admin plane read"])) == {"op", "helper"}
    assert set(who(found["data stop"])) == {"op", "helper", "maker"}
    (op,) = (hand for hand in found["data stop"].hands if hand.party == "op")
    assert op.how == "can stop it from afar; operates the site"
    assert set(who(found["weights delete"])) == {"customer", "op", "helper"}
