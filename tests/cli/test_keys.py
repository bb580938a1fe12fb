"""key new and usage: a wrong value is told with its name, itself and what was meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cli.conftest import Allod, wrong
from tests.cli.played import PlayedNode


@pytest.mark.parametrize(
    ("rule", "says", "mend"),
    [
        ("procesing: [MA]", "rule.yaml:1: residency.procesing: unknown key", "write 'processing'"),
        ("residency:\n  storage: [NO]\n  procesing: [MA]", "rule.yaml:3: residency.procesing", ""),
        ("zone: [MA]", "unknown key (got ['MA'])", "known here: basis, control, management"),
        ("processing: [Morocco]", "unknown country or area (got 'Morocco')", "did you mean 'MA'?"),
        ("processing: MA", "residency.processing: is not a list (got 'MA')", "[a, b]"),
        ("processing: [MA", "rule.yaml: line 2: not valid YAML", "close the '[' that line 1"),
    ],
)
def test_a_rule_that_is_none(
    allod: Allod, node: PlayedNode, tmp_path: Path, rule: str, says: str, mend: str
) -> None:
    (tmp_path / "rule.yaml").write_text(f"{rule}\n")
    wrong(allod("key", "new", "lab", "--residency", "rule.yaml"), 2, says, mend)
    assert node.asked == []


def test_a_number_that_is_none(allod: Allod, node: PlayedNode) -> None:
    result = allod("key", "new", "lab", "--requests-per-min", "ten")
    wrong(result, 2, "--requests-per-min: is not a whole number (got 'ten')", "write a whole")
    assert "`allod key new --help`" in result.err


@pytest.mark.parametrize(
    ("by", "mend"), [("proyect", "write 'project'"), ("X", "project, key, service")]
)
def test_what_usage_is_not_summed_by(allod: Allod, node: PlayedNode, by: str, mend: str) -> None:
    wrong(allod("usage", "--by", by), 2, f"--by '{by}'", mend)
    assert node.asked == []
