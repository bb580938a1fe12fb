"""/v1/catalogue: what was announced, open to everybody, in parts, as known at a day."""

from __future__ import annotations

import pytest

from allod import catalogue
from allod.api import ApiSettings, create_app
from allod.catalogue.linked import to_text
from tests.api.asking import Call, calling
from tests.api.fake_node import FakeNode
from tests.api.test_problems import the_problem

SITE = "/v1/catalogue/Site"


def test_parts_of_the_list_are_the_whole_list(call: Call) -> None:
    found, after = [], {}
    while True:
        part = call("GET", "/v1/catalogue", params={"limit": 50, **after}).json()
        found += part["items"]
        if part["next"] is None:
            break
        assert len(part["items"]) == 50
        after = {"after": part["next"]}
    assert found == [item.to_json() for item in catalogue.everything()]


def test_a_last_part_that_is_full_is_the_last(call: Call) -> None:
    whole = call("GET", "/v1/catalogue?kind=Antenna&limit=13").json()
    assert (len(whole["items"]), whole["next"]) == (13, None)
    assert call("GET", "/v1/catalogue?kind=Antenna&limit=12").json()["next"] is not None


def test_one_kind_however_its_letters_are_written(call: Call) -> None:
    found = call("GET", "/v1/catalogue?kind=antenna").json()
    assert {item["kind"] for item in found["items"]} == {"Antenna"}
    assert call("GET", f"{SITE.lower()}/narvik").json()["kind"] == "Site"


def test_a_document_is_as_it_was_known_at_the_day(call: Call) -> None:
    """The first 40 MW of Morocco became 16 + 20 MW."""
    now = call("GET", f"{SITE}/nouaceur").json()
    then = call("GET", f"{SITE}/nouaceur?at=2025-12-31").json()
    assert (now["at"], then["at"]) == ("2026-11-21", "2025-12-31")  # The node's clock, UTC.
    before, after = (
        {phase["name"]: phase.get("power_w", {}).get("value") for phase in found["spec"]["phases"]}
        for found in (then, now)
    )
    assert before["first-2025"] == 40_000_000
    assert "first" not in before
    assert after["first"] == 16_000_000
    assert now["unknown"]


def test_a_site_goes_by_any_of_its_names(call: Call) -> None:
    site = next(item for item in catalogue.everything() if item.name == "narvik")
    other = site.spec.dossier.known_as[0]  # type: ignore[attr-defined]
    assert call("GET", f"{SITE}/{other}").json()["name"] == "narvik"


def test_a_name_is_looked_for_in_its_kind_alone(call: Call) -> None:
    the_problem(call("GET", "/v1/catalogue/Party/narvik"), 404, "not-found")


def test_what_changed_between_two_days(call: Call) -> None:
    path = f"{SITE}/nouaceur/changes"
    found = call("GET", f"{path}?from=2025-01-01&to=2026-11-01").json()
    assert (found["from"], found["to"]) == ("2025-01-01", "2026-11-01")
    assert {change["kind"] for change in found["changes"]} == {"added"}
    assert all(change["before"] is None for change in found["changes"])
    assert call("GET", f"{path}?from=2026-11-01&to=2026-11-01").json()["changes"] == []
    assert call("GET", f"{path}?from=2025-01-01").json()["to"] == "2026-11-21"


def test_the_export_is_the_file(call: Call) -> None:
    answer = call("GET", "/v1/catalogue.jsonld")
    assert answer.headers["content-type"] == "application/ld+json"
    assert answer.text == to_text(catalogue.shelf())


def test_what_the_caller_has_is_not_sent_again(call: Call) -> None:
    path = f"{SITE}/narvik?at=2026-11-01"
    tag = call("GET", path).headers["etag"]
    again = call("GET", path, headers={"If-None-Match": tag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert again.headers["cache-control"] == "no-cache"
    other = call("GET", f"{SITE}/narvik?at=2025-08-01", headers={"If-None-Match": tag})
    assert other.status_code == 200


def test_public_facts_need_no_token_where_reading_needs_one() -> None:
    call = calling(create_app(FakeNode(), settings=ApiSettings(loopback=False)))
    for path in ("/v1/catalogue", "/v1/catalogue.jsonld", f"{SITE}/narvik"):
        assert call("GET", path).status_code == 200, path
    assert call("GET", "/v1/sites").status_code == 401


def test_a_node_without_its_log_tells_them_all_the_same(call: Call, node: FakeNode) -> None:
    node.down = True
    assert call("GET", f"{SITE}/narvik").status_code == 200
    assert call("GET", "/v1/reports/claims/narvik").status_code == 200


@pytest.mark.parametrize(
    ("path", "status", "code", "field", "value", "mend"),
    [
        ("?kind=sight", 404, "not-found", "kind", "sight", "site"),
        ("?kind=Site&after=Antenna/x", 422, "invalid-input", "after", "Antenna/x", "next"),
        ("?limit=0", 422, "invalid-input", "limit", "0", ""),
        ("?king=Site", 422, "invalid-input", "king", "", "write 'kind'"),
        ("/Sight/narvik", 404, "not-found", "kind", "Sight", "site"),
        ("/Site/narvk", 404, "not-found", "name", "narvk", "write 'narvik'"),
        ("/Site/narvik?at=2020-01-01", 422, "invalid-input", "at", "2020-01-01", "2025-07-31"),
        ("/Site/narvik?at=soon", 422, "invalid-input", "at", "soon", ""),
        ("/Party/nvidia?at=9999-12-31", 422, "invalid-input", "at", "9999-12-31", "2199"),
        ("/Site/narvik/changes", 422, "invalid-input", "from", "None", "give from"),
        (
            "/Site/narvik/changes?from=2026-02-01&to=2026-01-01",
            422,
            "invalid-input",
            "to",
            "2026-01-01",
            "exchange",
        ),
        (
            "/Site/narvik/changes?from=2020-01-01&to=2020-02-01",
            422,
            "invalid-input",
            "to",
            "2020-02-01",
            "2025-07-31",
        ),
    ],
)
def test_a_wrong_question_is_told_its_field_value_and_mend(
    call: Call, path: str, status: int, code: str, field: str, value: str, mend: str
) -> None:
    body = the_problem(call("GET", f"/v1/catalogue{path}"), status, code)
    assert body["field"] == field
    assert body.get("value", "") == value
    assert mend in body.get("mend", "")
