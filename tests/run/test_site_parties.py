"""Parties of a site by the node's documents: dated roles, control by shares, the charter."""

from __future__ import annotations

from typing import Any

from allod.catalogue.answers.control import party_json
from allod.domain.areas import expand
from allod.domain.charter import Charter
from allod.domain.party import Party
from allod.domain.site import Site
from allod.plan.chain import controlled
from allod.run.site_parties import SiteParties
from tests.run.world import site

AT_S = 1_000_000
OPERATOR = {
    "title": "Operator",
    "seat": "NO",
    "owners": [{"party": "holding", "share_bp": 6000}, {"party": "fund", "share_bp": 4000}],
}
HOLDING = {"title": "Holding", "seat": "SE", "dispersed": True}


def told(known_parties: dict[str, Any], charter: Any = None, **spec: Any) -> dict[str, Any]:
    found = site(**spec).spec
    assert isinstance(found, Site)
    known = {name: Party.model_validate(item) for name, item in known_parties.items()}
    charters = {"promise": Charter.model_validate(charter)} if charter else {}
    return SiteParties("here", found, known, charters, AT_S).to_json()


def test_control_follows_the_shares_of_the_operator():
    control = told({"operator": OPERATOR, "holding": HOLDING})["control"]
    assert control["sure"] is True
    assert [(one["party"], one["title"], one["chain"]) for one in control["controllers"]] == [
        ("holding", "Holding", ["operator", "holding"]),
        ("operator", "Operator", ["operator"]),
    ]
    assert control["laws"] == ["NO", "SE"]


def test_what_is_not_known_of_control_is_said():
    control = told({"operator": OPERATOR})["control"]
    assert control["sure"] is False
    assert control["unknown"][0]["path"] == "Party/holding"
    unknown = {"value": None, "standing": "unknown"}
    nobody = told({}, operator=unknown)
    assert (nobody["operator"], nobody["control"]["laws"]) == (None, ["?"])
    assert nobody["control"]["sure"] is False
    assert nobody["control"]["unknown"][0]["path"] == "Site/here: spec.operator"


def test_roles_are_dated():
    roles = [
        {"party": "operator", "role": "owner", "ends": AT_S},
        {"party": "tenant", "role": "anchor-tenant", "starts": AT_S, "source": "a contract"},
        {"party": "chips", "role": "vendor", "starts": AT_S + 1},
    ]
    found = told({"operator": OPERATOR}, parties=roles)["roles"]
    assert [(one["party"], one["holds"], one["ends_s"]) for one in found] == [
        ("operator", False, AT_S),
        ("tenant", True, None),
        ("chips", False, None),
    ]
    assert (found[1]["title"], found[1]["seat"], found[1]["source"]) == (
        "tenant",
        None,
        "a contract",
    )


def test_chains_are_those_of_the_report_on_control():
    parties = {"operator": OPERATOR, "holding": HOLDING}
    roles = [{"party": "holding", "role": "owner"}]
    document = site(parties=roles).spec
    assert isinstance(document, Site)
    known = {name: Party.model_validate(item) for name, item in parties.items()}
    report = [party_json(one) for one in controlled(document, known, expand(("NO",)))]
    answer = told(parties, parties=roles)
    assert answer["parties"] == report
    assert (answer["country"], answer["home"]) == ("NO", ["NO"])


def test_the_charter_of_the_site_has_its_classes_parents_first():
    ramp = [{"starts": AT_S, "floor": 2, "ceiling": 3}, {"starts": AT_S + 9, "floor": 4}]
    classes = [
        {"name": "outer", "floor": 4, "classes": [{"name": "inner", "floor": 1, "ceiling": 2}]},
        {"name": "tenant", "anchor": {"party": "tenant", "ramp": ramp}},
    ]
    charter = told({}, {"site": "here", "title": "Ours first", "classes": classes})["charter"]
    assert (charter["name"], charter["title"]) == ("promise", "Ours first")
    assert [(one["name"], one["parent"], one["depth"]) for one in charter["classes"]] == [
        ("outer", None, 0),
        ("inner", "outer", 1),
        ("tenant", None, 0),
    ]
    outer, inner, tenant = charter["classes"]
    assert (outer["ceiling"], inner["ceiling"], inner["stop_time_s"]) == (None, 2, 30)
    assert (tenant["floor"], tenant["ceiling"]) == (2, 3)
    assert tenant["steps"][1:] == [
        {"starts_s": AT_S, "floor": 2, "ceiling": 3},
        {"starts_s": AT_S + 9, "floor": 4, "ceiling": None},
    ]
    assert tenant["anchor"] == {"party": "tenant", "take_min_bp": 0, "ends_s": None}


def test_a_charter_of_another_site_is_not_its_own():
    assert told({}, {"site": "there", "classes": [{"name": "a"}]})["charter"] is None
