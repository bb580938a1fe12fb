"""apply, remove, document, site, project, dataset, schema, token."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.cli.conftest import Allod
from tests.cli.played import Answer, PlayedNode, problem

PROJECT = "apiVersion: allod/v1\nkind: Project\nmetadata: {name: %s}\nspec: {country: NO}\n"


def test_all_files_are_applied_in_one_request(
    allod: Allod, node: PlayedNode, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text(PROJECT % "a" + "---\n" + PROJECT % "b")
    (tmp_path / "c.yaml").write_text(PROJECT % "c")
    changes = [
        {"kind": "Project", "name": name, "what": what}
        for name, what in (("a", "created"), ("b", "changed"), ("c", "unchanged"))
    ]
    node.on("POST", "/v1/documents", {"dry_run": False, "changes": changes})
    result = allod("apply", "a.yaml", "c.yaml")
    assert result.out == "Project/a created\nProject/b changed\nProject/c unchanged\n"
    assert [document["metadata"]["name"] for document in node.asked[0].body] == ["a", "b", "c"]
    assert len(node.asked) == 1
    allod("apply", "a.yaml", "--dry-run")
    assert node.asked[1].query == {"dry_run": ["true"]}


def test_one_wrong_file_and_nothing_is_sent(allod: Allod, node: PlayedNode, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(PROJECT % "a")
    (tmp_path / "b.yaml").write_text(PROJECT.replace("NO", "XX") % "b")
    result = allod("apply", "a.yaml", "b.yaml")
    assert result.status == 2
    assert "b.yaml:4: Project/b: spec.country" in result.err
    assert node.asked == []


def test_the_same_document_in_two_files_is_told(
    allod: Allod, node: PlayedNode, tmp_path: Path
) -> None:
    for name in ("a.yaml", "b.yaml"):
        (tmp_path / name).write_text(PROJECT % "same")
    result = allod("apply", "a.yaml", "b.yaml")
    assert result.err.startswith("error: b.yaml:1: Project/same is there twice, first in a.yaml:1")


def test_work_is_not_applied(allod: Allod, node: PlayedNode, tmp_path: Path) -> None:
    (tmp_path / "w.yaml").write_text(
        "apiVersion: allod/v1\nkind: Workload\nmetadata: {name: w}\n"
        "spec: {project: p, accelerators: 1, wall_time_s: 1}\n"
    )
    result = allod("apply", "w.yaml")
    assert (result.status, result.err.splitlines()[-1]) == (2, "mend: give it to `allod submit`")
    (tmp_path / "s.yaml").write_text(
        "apiVersion: allod/v1\nkind: Scenario\nmetadata: {name: s}\nspec: {title: S}\n"
    )
    assert "mend: give its file to `allod replay TRACE" in allod("apply", "s.yaml").err
    assert "name files, such as" in allod("apply", ".").err
    assert node.asked == []


def test_a_lost_answer_to_apply_is_asked_for_again(
    allod: Allod, node: PlayedNode, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text(PROJECT % "a")
    node.on("POST", "/v1/documents", Answer(lost=True), {"dry_run": False, "changes": []})
    assert allod("apply", "a.yaml").status == 0
    assert len(node.asked) == 2


@pytest.mark.parametrize("kind", ["Site", "site", "sites"])
def test_remove_takes_the_kind_as_people_write_it(
    allod: Allod, node: PlayedNode, kind: str
) -> None:
    node.on("DELETE", "/v1/documents/Site/narvik", Answer(status=204))
    result = allod("remove", kind, "narvik")
    assert (result.status, result.out) == (0, "Site/narvik removed\n")


def test_a_removal_whose_answer_is_lost_is_not_repeated(allod: Allod, node: PlayedNode) -> None:
    node.on("DELETE", "/v1/documents/Site/narvik", Answer(lost=True))
    result = allod("remove", "site", "narvik")
    assert result.status == 8
    assert "look whether it was done" in result.err
    assert len(node.asked) == 1


DOCUMENT = {
    "kind": "Project",
    "name": "fjord",
    "document": {
        "apiVersion": "allod/v1",
        "kind": "Project",
        "metadata": {"name": "fjord"},
        "spec": {
            "title": "Fjørd",
            "country": {"value": "NO"},
            "grants": [{"accelerator_hours": 5000}, {"accelerator_hours": 1000}],
        },
    },
    "seq": 3,
    "changed_at_s": 1_800_000_000,
    "actor": "cli",
}


def test_a_document_is_shown_as_it_can_be_applied(allod: Allod, node: PlayedNode) -> None:
    node.on("GET", "/v1/documents/Project/fjord", DOCUMENT)
    for command in (("document", "show", "project"), ("project", "show")):
        result = allod(*command, "fjord")
        assert result.out.startswith("# leaf 3, 2027-01-15 08:00:00 UTC by cli\n")
        assert yaml.safe_load(result.out) == DOCUMENT["document"]


def test_lists_of_documents_and_projects(allod: Allod, node: PlayedNode) -> None:
    node.on("GET", "/v1/documents", {"items": [DOCUMENT], "next": None})
    assert allod("document", "list").out.splitlines()[1].split()[:2] == ["Project", "fjord"]
    assert "kind" not in node.asked[0].query
    line = allod("project", "list").out.splitlines()[1]
    assert line.split() == ["fjord", "Fjørd", "-", "NO", "-", "1", "6,000"]
    assert node.asked[1].query == {"kind": ["Project"]}


def test_grants_say_what_is_left_and_what_several_share(allod: Allod, node: PlayedNode) -> None:
    def shares(given: int, used: int | None, committed: int | None, left: int | None) -> Any:
        return {
            "given_accelerator_s": given,
            "used_accelerator_s": used,
            "committed_accelerator_s": committed,
            "left_accelerator_s": left,
        }

    def grant(state: str, **share: Any) -> dict[str, Any]:
        held = {"mode": "own", "state": state, "starts_s": 0, "ends_s": 1 << 53, "basis": ""}
        return held | shares(3_600_000, None, None, None) | share

    account = shares(7_200_000, 3600, 360, 7_196_040) | {"until_s": 1_800_000_000}
    items = [
        {"name": "a", "grants": [grant("open"), grant("used-up")], "account": account},
        {"name": "b", "grants": [grant("open", used_accelerator_s=719)], "account": account},
        {"name": "c", "grants": [], "account": None},
    ]
    node.on("GET", "/v1/projects", {"items": items, "next": None})
    lines = [line.split() for line in allod("project", "grants").out.splitlines()[1:]]
    assert lines[0] == ["a", "own", "open", "1,000.0", "-", "-", "-", "-", "-"]
    assert lines[2][:7] == ["a", "together", "open", "2,000.0", "1.0", "0.1", "1,998.9"]
    assert lines[3][4] == "0.1" and len(lines) == 4


def test_datasets_show_no_rule_and_no_country_apart(allod: Allod, node: PlayedNode) -> None:
    spec: dict[str, Any] = {
        "residency": {
            "storage": ["MA"],
            "processing": [],
            "control": {"within": ["MA"], "foreign_share_max_bp": 2500},
        }
    }
    item = DOCUMENT | {"kind": "Dataset", "name": "health", "document": {"spec": spec}}
    node.on("GET", "/v1/documents", {"items": [item], "next": None})
    heading, line = allod("dataset", "list").out.splitlines()
    at = heading.index
    assert line[at("storage") :].split()[0] == "MA"
    assert line[at("processing") :].split()[0] == "nowhere"
    assert line[at("management") :].split()[0] == "anywhere"
    assert "within MA; foreign share up to 25 %" in line


FACT = {"value": "NO", "standing": "declared", "source": "a page", "date": None, "note": ""}
SITE = {
    "name": "narvik",
    "title": "Narvik",
    "at_s": 1_800_000_000,
    "runner": "local",
    "in_reach": True,
    "out_of_reach_since_s": None,
    "live": 16,
    "in_use": 4,
    "out": 3,
    "free": 9,
    "running": 1,
    "waiting": 2,
    "power_limit_w": 44_000,
    "capped": [],
    "power_committed_w": 11_900,
    "others_w": 700,
    "base_load_w": 2000,
    "pools": [
        {
            "name": "gb300",
            "accelerator": "gb300-nvl72",
            "live": 16,
            "in_use": 4,
            "out": 3,
            "free": 9,
            "others_w": 700,
            "why": ["n3 is down: Not responding"],
        }
    ],
    "classes": [
        {
            "name": name,
            "title": "",
            "parent": parent,
            "floor": 8,
            "ceiling": None,
            "priority": 5,
            "in_use": 4,
            "waiting": 0,
            "reclaim_notice_s": 300,
        }
        for name, parent in (("norwegian", None), ("startups", "norwegian"))
    ],
    "country": FACT,
    "operator": FACT | {"value": None, "standing": "unknown", "note": "not announced"},
    "management": FACT | {"value": ["NO", "GB"]},
    "metadata": FACT,
    "control": ["GB", "?"],
}


def document_of(**limit: Any) -> dict[str, Any]:
    """The document of narvik with this limit of the site's envelope."""
    return (
        DOCUMENT
        | {"kind": "Site", "name": "narvik"}
        | {"document": {"spec": {"envelope": {"site": limit}}}}
    )


UNKNOWN = {"standing": "unknown"}


def test_a_base_load_that_is_not_known_is_not_shown_as_none(allod: Allod, node: PlayedNode) -> None:
    zero = {"power_limit_w": 0, "power_committed_w": 0, "base_load_w": 0, "others_w": 0}
    node.on("GET", "/v1/sites/narvik", SITE | zero)
    told = document_of(power_w={"value": 44_000}, base_load_w=UNKNOWN)
    node.on("GET", "/v1/documents/Site/narvik", told)
    assert (
        "power       0 W committed (base load unknown) of what is left of the limit; nothing is "
        "placed until that is known"
    ) in allod("site", "show", "narvik").out.splitlines()
    node.on("GET", "/v1/sites", {"items": [SITE | zero], "next": None})
    node.on("GET", "/v1/documents", {"items": [document_of(power_w=UNKNOWN)], "next": None})
    assert allod("site", "list").out.splitlines()[1].split()[-2:] == ["unknown", "local"]


def test_sites_are_listed_with_room_and_power(allod: Allod, node: PlayedNode) -> None:
    node.on("GET", "/v1/documents", {"items": [document_of()], "next": None})
    node.on("GET", "/v1/sites", {"items": [SITE], "next": None})
    line = allod("site", "list").out.splitlines()[1]
    assert line.split() == ("narvik NO 16 4 3 9 2 11.9 kW 44.0 kW local".split())
    away = SITE | {"in_reach": False, "out_of_reach_since_s": 1_800_000_000}
    node.on("GET", "/v1/sites", {"items": [away], "next": None})
    assert "out of reach since 2027-01-15 08:00:00 UTC" in allod("site", "list").out


def test_a_site_shows_its_facts_with_how_well_they_stand(allod: Allod, node: PlayedNode) -> None:
    node.on("GET", "/v1/sites/narvik", SITE)
    node.on("GET", "/v1/documents/Site/narvik", document_of())
    lines = allod("site", "show", "narvik").out.splitlines()
    assert "country     NO (declared: a page)" in lines
    assert "operator    unknown (not announced)" in lines
    assert "management  NO, GB (declared: a page)" in lines
    assert "control     GB, unknown" in lines
    assert "power       11.9 kW committed (base load 2.00 kW, others 700 W) of 44.0 kW" in lines
    assert "live        16, 4 in use, 3 out, 9 free" in lines
    assert ["gb300", "gb300-nvl72", "16", "4", "3", "9"] in [line.split() for line in lines]
    assert "gb300: n3 is down: Not responding" in lines
    assert [line.split()[0] for line in lines if line.startswith(("norw", "- st"))] == [
        "norwegian",
        "-",
    ]


def test_a_site_shows_the_cluster_and_when_it_was_seen(allod: Allod, node: PlayedNode) -> None:
    seen = {
        "runner": "slurm/narvik",
        "runner_version": "Slurm 22.05.8 (slurmrestd v0.0.38)",
        "poll_ms": 1500,
        "looked_at_s": 1_800_000_000,
    }
    node.on("GET", "/v1/sites/narvik", SITE | seen)
    node.on("GET", "/v1/documents/Site/narvik", document_of())
    assert (
        "cluster     Slurm 22.05.8 (slurmrestd v0.0.38), seen at 2027-01-15 08:00:00 UTC, "
        "asked every 1.5 s"
    ) in allod("site", "show", "narvik").out.splitlines()


FOUND = [
    {"topic": "key", "state": "works", "said": "narvik signs HS256, mode 600", "mend": ""},
    {"topic": "pool gb300", "state": "warning", "said": "n2 is down", "mend": "repair n2"},
]
FAILS = {"topic": "power", "state": "fails", "said": "no licence\x1b[2J", "mend": "add one"}


def test_a_check_says_what_works_and_how_to_mend_the_rest(allod: Allod, node: PlayedNode) -> None:
    checked = {"site": "narvik", "works": True, "findings": FOUND}
    node.on("POST", "/v1/sites/narvik/check", checked)
    result = allod("site", "check", "narvik")
    assert result.status == 0
    assert result.out.splitlines() == [
        "✓ key         narvik signs HS256, mode 600",
        "! pool gb300  n2 is down",
        "              mend: repair n2",
        "",
        "1 works, 1 warning, 0 fail",
    ]


@pytest.mark.parametrize("form", [(), ("--json",)])
def test_a_check_in_which_something_fails_ends_with_1(
    allod: Allod, node: PlayedNode, form: tuple[str, ...]
) -> None:
    checked = {"site": "narvik", "works": False, "findings": [*FOUND, FAILS]}
    node.on("POST", "/v1/sites/narvik/check", checked)
    result = allod("site", "check", "narvik", *form)
    assert result.status == 1
    if form:
        assert result.json == checked
    else:
        assert "✗ power       no licence?[2J" in result.out.splitlines()


def test_a_site_without_a_cluster_cannot_be_checked(allod: Allod, node: PlayedNode) -> None:
    wrong = problem(422, "invalid-input", "site 'narvik' names no cluster")
    node.on("POST", "/v1/sites/narvik/check", wrong)
    assert allod("site", "check", "narvik").status == 2


def test_a_name_cannot_leave_its_place_in_the_address(allod: Allod, node: PlayedNode) -> None:
    node.on("GET", "/v1/sites/..%2F..%2Fhealthz", problem(404, "not-found", "no such site"))
    assert allod("site", "show", "../../healthz").status == 3
    assert node.asked[0].path == "/v1/sites/..%2F..%2Fhealthz"


def test_schemas_need_no_node(allod: Allod) -> None:
    assert allod("schema", "site").json["title"] == "Site"
    assert set(allod("schema", "all").json) >= {"Site", "Workload", "Scenario"}
    result = allod("schema", "sitte")
    assert (result.status, result.err.splitlines()[1]) == (3, "mend: write Site")


def test_a_token_is_made_listed_and_revoked(allod: Allod, node: PlayedNode) -> None:
    node.on("POST", "/v1/tokens", Answer({"name": "ada", "role": "submit", "secret": "s3"}, 201))
    result = allod("token", "make", "ada")
    assert result.out == "s3\n"
    assert "shown this once" in result.err
    assert node.asked[0].body == {"name": "ada", "role": "submit"}
    node.on(
        "GET",
        "/v1/tokens",
        {"items": [{"name": "ada", "role": "submit", "made_at_s": 1_800_000_000}], "next": None},
    )
    assert allod("token", "list").out.splitlines()[1].split()[:2] == ["ada", "submit"]
    node.on("DELETE", "/v1/tokens/ada", Answer(status=204))
    assert allod("token", "revoke", "ada", "--json").out == (
        json.dumps({"name": "ada", "what": "revoked"}) + "\n"
    )


def test_making_a_token_is_not_repeated_by_itself(allod: Allod, node: PlayedNode) -> None:
    node.on("POST", "/v1/tokens", Answer(lost=True))
    assert allod("token", "make", "ada").status == 8
    assert len(node.asked) == 1


def test_what_the_node_finds_wrong_is_told_with_its_file(
    allod: Allod, node: PlayedNode, tmp_path: Path
) -> None:
    (tmp_path / "a.yaml").write_text(PROJECT % "a" + "---\n" + PROJECT % "b")
    wrong = problem(422, "invalid-document", "input: Project/b: spec.party: no such party", "add")
    node.on("POST", "/v1/documents", wrong)
    result = allod("apply", "a.yaml")
    assert result.status == 2
    assert result.err == "error: a.yaml:9: Project/b: spec.party: no such party\nmend: add\n"
