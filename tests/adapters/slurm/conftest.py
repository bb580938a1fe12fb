"""Tests of the adapter: `test_facts_*` on real clusters, the others without one.

Some facts about Slurm cannot be shown on one machine with one version:
- what v0.0.39 and later say and are told is made up after their schemas in `test_job`,
  `test_machine`, `test_answers` and `test_request`;
- PowerPlugin=power/cray_aries needs a Cray, and licences in layers need 25.11; the adapter uses
  neither;
- TIMEOUT needs a minute, DEADLINE, BOOT_FAIL, OUT_OF_MEMORY, STAGE_OUT and the other rare states
  need hardware: `test_job` reads every one of them; NODE_FAIL is in `tests/slurm`.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.adapters.slurm.bench import Bench
from tests.slurm.cluster import Cluster


@pytest.fixture
def bench(cluster: Cluster) -> Iterator[Bench]:
    """Four nodes of eight GPUs and 400 kW; no job is left on it after the test."""
    found = Bench(cluster)
    yield found
    found.clear()


@pytest.fixture
def books(accounting_cluster: Cluster) -> Iterator[Bench]:
    """Two nodes of eight GPUs with slurmdbd: accounts, and QOS floor and surplus."""
    found = Bench(accounting_cluster)
    yield found
    found.clear()
