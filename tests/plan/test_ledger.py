"""The ledger by hand: no unit of money is counted twice, and nothing unknown is counted."""

from __future__ import annotations

from typing import Any

from allod.domain.dossier import Dossier
from allod.domain.money import Money
from allod.domain.site import Site
from allod.plan.ledger import Account, ledger


def money(name: str, amount: int | None, currency: str = "EUR", **more: Any) -> dict[str, Any]:
    return {"name": name, "amount": {"value": amount}, "currency": currency, **more}


def site(**dossier: Any) -> Site:
    unknown: Any = {"standing": "unknown"}
    return Site(
        title="S",
        country=unknown,
        operator=unknown,
        management=unknown,
        metadata=unknown,
        dossier=Dossier.model_validate(dossier),
    )


SITES = {
    "b": site(
        capacity_w="100 MW",
        money=[
            money("all", 1000),
            money("system", 600, part_of="all", state="committed"),
            money("union", 300, part_of="system", state="committed", payer="EuroHPC JU"),
            money("other", None),
        ],
        jobs=[{"name": "all", "count": 50}, {"name": "later", "count": None}],
        obligations=[{"name": "heat", "debtor": "A", "creditor": "B", "what": "heat"}],
    ),
    "a": site(money=[money("all", 7, "NOK", payer="Norway")], jobs=[{"name": "x", "count": 3}]),
    "c": site(objections=[{"name": "water", "who": "W", "about": "water"}]),
}


def test_a_sum_counts_once_by_state_and_by_payer() -> None:
    found = ledger(SITES)
    assert found.by_state == {
        ("EUR", "announced"): 400,
        ("EUR", "committed"): 600,
        ("NOK", "announced"): 7,
    }
    assert found.by_payer == {
        ("EUR", "EuroHPC JU"): 300,
        ("EUR", "unknown"): 700,
        ("NOK", "Norway"): 7,
    }


def test_what_is_not_known_is_named_and_not_counted() -> None:
    found = ledger(SITES)
    assert found.without_amount == ("b: other",)
    assert found.without_money == ("c",)
    assert found.without_jobs == ("c",)


def test_jobs_stand_beside_the_announced_power() -> None:
    found = {(one.site, one.jobs.name): one.per_mw for one in ledger(SITES).jobs}
    assert found == {("a", "x"): None, ("b", "all"): 0.5}


def test_what_is_owed_and_objected_stands_with_its_site() -> None:
    found = ledger(SITES)
    assert [(name, one.met.value) for name, one in found.obligations] == [("b", None)]
    assert [(name, one.answer.known) for name, one in found.objections] == [("c", False)]


def test_sums_of_a_cluster_are_listed_but_not_added_to_those_of_its_sites() -> None:
    own = Account("cluster", (Money.model_validate(money("target", 10**6)),))
    found = ledger(SITES, [own])
    assert found.by_state[("EUR", "announced")] == 400
    assert [account.name for account in found.accounts] == ["cluster", "a", "b"]
    assert found.own == ("cluster",)
    assert ledger({}, [own]).by_state == {("EUR", "announced"): 10**6}
