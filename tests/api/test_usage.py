"""/v1/usage: what is asked of the store, and how it is shown."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict, fields, replace
from typing import Any

import pytest

from allod.domain.project_key import KeyTerms
from allod.run.serving.energy_kept import EnergyCheck, NoEnergy
from allod.run.serving.kept import UsageFilter, UsageSum
from allod.run.serving.usage import UsageRecord
from tests.api.asking import Call
from tests.api.fake_node import FakeNode

RECORD = UsageRecord(
    id="r1",
    key="clinic-1",
    project="clinic",
    access_class="open",
    service="tiny",
    model="tiny-chat",
    site="narvik",
    replica="w7",
    operation="chat",
    stream=True,
    status=200,
    outcome="completed",
    received_at_ms=5,
    energy_mj=900,
    energy_method="estimated",
)
SUM = UsageSum(
    **{field.name: "" if field.type == "str" else 0 for field in fields(UsageSum)}  # type: ignore[arg-type]
)


class Store:
    """Remembers what it was asked."""

    def __init__(self) -> None:
        self.by: list[Collection[str]] = []
        self.where: list[UsageFilter | None] = []

    def usage(self, by: Collection[str] = (), where: UsageFilter | None = None) -> list[UsageSum]:
        self.by.append(by)
        self.where.append(where)
        return [replace(SUM, project="clinic", calls=3)]

    def records(
        self, where: UsageFilter | None = None, limit: int = 100, after: str = ""
    ) -> list[UsageRecord]:
        self.where.append(where)
        ids = ["r3", "r2", "r1"]
        start = ids.index(after) + 1 if after else 0
        return [replace(RECORD, id=one) for one in ids[start : start + limit]]


@pytest.fixture
def store(node: FakeNode) -> Store:
    found = Store()
    node.usage = found
    return found


def test_sums_are_by_what_is_named(call: Call, store: Store) -> None:
    answer = call("GET", "/v1/usage?by=project&by=access_class&site=narvik&since=2026-11-22")
    assert answer.json()["items"] == [asdict(SUM) | {"project": "clinic", "calls": 3}]
    assert store.by == [["project", "access_class"]]
    assert store.where == [UsageFilter(since_ms=1_795_305_600_000, site="narvik")]
    call("GET", "/v1/usage?until=12")
    assert (store.by[1], store.where[1]) == ([], UsageFilter(until_ms=12_000))


def test_records_come_in_pages(call: Call, store: Store) -> None:
    first = call("GET", "/v1/usage/requests?limit=2&project=clinic").json()
    assert [item["id"] for item in first["items"]] == ["r3", "r2"] and first["next"] == "r2"
    rest = call("GET", "/v1/usage/requests?limit=2&after=r2").json()
    assert rest == {"items": [asdict(RECORD)], "next": None}
    assert store.where[0] == UsageFilter(project="clinic")


@pytest.mark.parametrize("query", ["by=nothing", "since=yesterday", "projct=clinic"])
def test_what_cannot_be_asked_is_named(call: Call, store: Store, query: str) -> None:
    answer: Any = call("GET", f"/v1/usage?{query}")
    assert answer.status_code == 422 and store.by == []
    assert query.partition("=")[0] in answer.json()["field"]


def test_a_projects_key_sees_what_its_project_called_and_no_other(
    call: Call, node: FakeNode, store: Store
) -> None:
    _, secret = node.keys.make("clinic", KeyTerms(), name="ward")

    def seen(path: str) -> Any:
        return call("GET", path, headers={"Authorization": f"Bearer {secret}"})

    assert seen("/v1/usage?by=key").status_code == 200
    assert seen("/v1/usage/requests?project=clinic").status_code == 200
    assert [one and one.project for one in store.where] == ["clinic", "clinic"]
    refused = seen("/v1/usage?project=lab")
    assert refused.status_code == 403 and "sees what clinic called" in refused.json()["detail"]
    assert seen("/v1/usage/energy").status_code == 403
    nobodys = call("GET", "/v1/usage", headers={"Authorization": "Bearer sk-allod-nobodys"})
    assert nobodys.status_code == 401
    assert len(store.where) == 2


class Off(NoEnergy):
    """A millijoule is missing."""

    def check(self) -> EnergyCheck:
        return replace(super().check(), meter_mj=5, attributed_mj=4, faults=("1 mJ off",))


def test_whether_energy_adds_up_is_shown_with_what_does_not(call: Call, node: FakeNode) -> None:
    assert call("GET", "/v1/usage/energy").json()["faults"] == []
    node.energy = Off()
    shown = call("GET", "/v1/usage/energy").json()
    assert (shown["meter_mj"], shown["attributed_mj"], shown["faults"]) == (5, 4, ["1 mJ off"])
