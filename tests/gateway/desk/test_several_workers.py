"""Several workers of one desk keep one limit, and are counted together."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from allod.adapters.postgres import Store
from tests.gateway.desk.surroundings import SECRET, Desk, Node, ids_of, key, until


@pytest.fixture
def settings() -> str:
    return "gateway_port: 0\ngateway_workers: 3\n"


def test_a_limit_holds_over_all_of_them(
    desk: Desk, node: Node, tmp_path: Path, store: Store, database: str
) -> None:
    assert len(desk.worker_pids()) == 3
    told = node.table
    node.table = replace(
        told, revision=2, keys=(key("k1", SECRET, "school", requests_per_min=20), told.keys[1])
    )
    until(lambda: "x-ratelimit-limit-requests" in desk.chat().headers, "the limit is known")
    with ThreadPoolExecutor(8) as pool:
        answers = [answer.status_code for answer in pool.map(lambda _: desk.chat(), range(60))]
    assert set(answers) == {200, 429}
    assert 10 <= answers.count(200) <= 20
    until(lambda: len(ids_of(database)) >= 61, "all are counted")
    let_in = answers.count(200)
    until(lambda: sum(one.arrived for one in node.loads.loads) >= let_in, "the loads are added up")
