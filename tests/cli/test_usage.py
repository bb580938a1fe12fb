"""usage: of how many calls the energy is known, and how well."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from allod.run.serving.kept import UsageSum
from tests.api.test_usage import SUM
from tests.cli.conftest import Allod
from tests.cli.played import PlayedNode

SERVED = replace(SUM, calls=8, energy_mj=2_350, energy_measured=4, energy_estimated=2)


@pytest.mark.parametrize(
    ("found", "energy", "known"),
    [
        (replace(SERVED, energy_unknown=2), "2.35 J", "50% measured, 25% estimated, 25% unknown"),
        # Who left before an engine had the call: none was drawn for it, and none is lacking.
        (replace(SERVED, left=2), "2.35 J", "67% measured, 33% estimated"),
        (replace(SUM, calls=1, left=1), "-", "-"),
    ],
)
def test_energy_is_told_with_how_it_is_known(
    allod: Allod, node: PlayedNode, found: UsageSum, energy: str, known: str
) -> None:
    node.on("GET", "/v1/usage", {"items": [asdict(found)], "next": None})
    title, row = allod("usage").out.splitlines()
    assert row[title.index("energy is") :] == known
    assert row[: title.index("energy") + len("energy")].endswith(f" {energy}")
