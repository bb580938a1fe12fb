from __future__ import annotations

import json

import pytest
import yaml

from allod.api import views
from allod.domain.decision import Placement, Reason, Step
from allod.domain.event import Outcome
from allod.run.node_views import Role
from tests.api.asking import Call, project, workload
from tests.api.fake_node import FakeNode
from tests.api.test_services import document as service_document


def submit(call: Call, *, role: str = "submit", **more: object) -> str:
    answer = call("POST", "/v1/workloads", role=role, json=workload(**more))  # type: ignore[arg-type]
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_workload_that_fits_is_placed(call: Call) -> None:
    answer = call("POST", "/v1/workloads", role="submit", json=workload(accelerators=8))
    assert answer.status_code == 201
    assert answer.headers["location"] == "/v1/workloads/w1"
    body = answer.json()
    assert (body["id"], body["name"], body["state"]) == ("w1", "hello", "placed")
    assert body["decision"]["kind"] == "placement"
    assert body["decision"]["site"] == "narvik"
    assert "idempotency-replayed" not in answer.headers


def test_a_workload_that_does_not_fit_yet_waits_and_says_why_for_every_site(call: Call) -> None:
    submit(call, accelerators=60)
    body = call("POST", "/v1/workloads", role="submit", json=workload(accelerators=8)).json()
    assert body["state"] == "waiting"
    assert body["decision"]["kind"] == "hold"
    assert [(r["site"], r["step"]) for r in body["decision"]["reasons"]] == [
        ("narvik", "room"),
        ("morocco", "law"),
    ]


def test_a_refusal_is_a_workload_in_the_state_refused(call: Call) -> None:
    answer = call("POST", "/v1/workloads", role="submit", json=workload(accelerators=100))
    assert answer.status_code == 201
    assert answer.json()["state"] == "refused"
    assert [r["forever"] for r in answer.json()["decision"]["reasons"]] == [True, True]
    why = call("GET", "/v1/workloads/w1/why").json()
    assert why["state"] == "refused"
    assert {site["site"] for site in why["sites"]} == {"narvik", "morocco"}


@pytest.mark.parametrize("media", ["application/yaml", "text/yaml", "application/x-yaml"])
def test_a_workload_can_be_sent_as_yaml(call: Call, media: str) -> None:
    answer = call(
        "POST",
        "/v1/workloads",
        role="submit",
        content=yaml.safe_dump(workload()),
        headers={"Content-Type": media},
    )
    assert answer.status_code == 201


def test_the_actor_is_the_name_of_the_token(call: Call, node: FakeNode) -> None:
    submit(call, role="operator")
    assert node.held["w1"].actor == "operator"


@pytest.mark.parametrize(
    ("accelerators", "state"), [(8, "placed"), (64, "placed"), (100, "refused")]
)
def test_what_is_tried_leaves_nothing(
    call: Call, node: FakeNode, accelerators: int, state: str
) -> None:
    before = len(node.leaves)
    answer = call(
        "POST",
        "/v1/workloads?dry_run=true",
        role="submit",
        json=workload(accelerators=accelerators),
        headers={"Idempotency-Key": "k"},
    )
    assert answer.status_code == 200 and "location" not in answer.headers
    body = answer.json()
    assert (body["dry_run"], body["name"], body["state"]) == (True, "hello", state)
    assert body["decision"]["workload_id"] == body["explanation"]["workload_id"] == "dry-run"
    assert (len(node.leaves), node.held, node.answers) == (before, {}, {})


@pytest.mark.parametrize("query", ["dryrun=true", "dry_run=yes", "dry_run="])
def test_what_may_have_been_meant_as_a_dry_run_starts_nothing(
    call: Call, node: FakeNode, query: str
) -> None:
    answer = call("POST", f"/v1/workloads?{query}", role="submit", json=workload())
    assert (answer.status_code, answer.json()["field"]) == (422, query.partition("=")[0])
    assert not node.held
    assert call("POST", "/v1/workloads?dry_run=false", role="submit", json=workload()).json()["id"]


def test_to_try_needs_the_right_to_submit(call: Call) -> None:
    answer = call("POST", "/v1/workloads?dry_run=true", role="auditor", json=workload())
    assert answer.status_code == 403


class TestIdempotencyKey:
    def test_the_same_request_again_gets_the_same_answer(self, call: Call, node: FakeNode) -> None:
        first, again = (
            call(
                "POST",
                "/v1/workloads",
                role="submit",
                json=workload(),
                headers={"Idempotency-Key": "k1"},
            )
            for _ in range(2)
        )
        assert (first.status_code, again.status_code) == (201, 200)
        assert again.headers["idempotency-replayed"] == "true"
        assert again.headers["location"] == first.headers["location"]
        assert again.json() == first.json()
        assert len(node.held) == 1

    def test_quotes_do_not_make_another_key(self, call: Call, node: FakeNode) -> None:
        for key in ("k1", '"k1"'):
            call(
                "POST",
                "/v1/workloads",
                role="submit",
                json=workload(),
                headers={"Idempotency-Key": key},
            )
        assert len(node.held) == 1

    def test_another_request_with_the_same_key_is_a_conflict(self, call: Call) -> None:
        headers = {"Idempotency-Key": "k1"}
        call("POST", "/v1/workloads", role="submit", json=workload(), headers=headers)
        answer = call("POST", "/v1/workloads", role="submit", json=workload("b"), headers=headers)
        assert answer.status_code == 409
        assert answer.json()["type"] == "urn:allod:problem:conflict"

    def test_the_key_of_another_token_is_another_key(self, call: Call, node: FakeNode) -> None:
        for role in ("submit", "operator"):
            answer = call(
                "POST",
                "/v1/workloads",
                role=role,
                json=workload(),
                headers={"Idempotency-Key": "k1"},
            )
            assert answer.status_code == 201
        assert len(node.held) == 2

    @pytest.mark.parametrize("key", ["", "two words", "x" * 256, '""'])
    def test_what_is_no_key_is_refused(self, call: Call, node: FakeNode, key: str) -> None:
        answer = call(
            "POST",
            "/v1/workloads",
            role="submit",
            json=workload(),
            headers={"Idempotency-Key": key},
        )
        assert answer.status_code == 422
        assert answer.json()["field"] == "Idempotency-Key"
        assert not node.held


def test_only_one_workload_at_a_time(call: Call) -> None:
    answer = call("POST", "/v1/workloads", role="submit", json=[workload("a"), workload("b")])
    assert answer.status_code == 422
    assert "one workload at a time" in answer.json()["mend"]


def test_another_kind_is_sent_elsewhere(call: Call) -> None:
    answer = call("POST", "/v1/workloads", role="submit", json=project())
    assert answer.status_code == 422
    assert answer.json()["field"] == "kind"
    assert "/v1/documents" in answer.json()["mend"]
    assert "service deploy" not in answer.json()["mend"]


def test_a_service_is_sent_to_be_deployed(call: Call) -> None:
    answer = call("POST", "/v1/workloads", role="submit", json=service_document())
    assert answer.status_code == 422
    assert "`allod service deploy FILE`" in answer.json()["mend"]


def test_lists_go_on_where_they_stopped(call: Call) -> None:
    names = [f"job-{number}" for number in range(7)]
    for name in names:
        submit(call, name=name, accelerators=1)
    found, after = [], None
    while True:
        query = {"limit": 3} | ({"after": after} if after else {})
        body = call("GET", "/v1/workloads", params=query).json()
        found += [item["name"] for item in body["items"]]
        after = body["next"]
        if after is None:
            break
    assert found == names[::-1]


def test_lists_can_be_narrowed(call: Call) -> None:
    submit(call, name="a", accelerators=1)
    submit(call, name="b", accelerators=100)
    answer = call("GET", "/v1/workloads", params={"state": "refused"})
    assert [item["name"] for item in answer.json()["items"]] == ["b"]
    answer = call("GET", "/v1/workloads", params={"site": "narvik", "project": "fjord"})
    assert [item["name"] for item in answer.json()["items"]] == ["a"]


def ids(call: Call, **query: object) -> list[str]:
    return [item["id"] for item in call("GET", "/v1/workloads", params=query).json()["items"]]


def test_a_list_and_its_count_take_the_same_filters(call: Call) -> None:
    for name, accelerators in (("train", 8), ("train-2", 60), ("embed", 100), ("train-3", 1)):
        submit(call, name=name, accelerators=accelerators)
    for query, found in (
        ({}, ["w4", "w3", "w2", "w1"]),
        ({"state": ["waiting", "refused"]}, ["w3", "w2"]),
        ({"live": "true"}, ["w4", "w2", "w1"]),
        ({"live": "false"}, ["w3"]),
        ({"live": "false", "state": "waiting"}, []),
        ({"q": "train"}, ["w4", "w2", "w1"]),
        ({"q": "w3"}, ["w3"]),
    ):
        assert ids(call, **query) == found, query
        counted = call("GET", "/v1/workloads/count", params=query).json()
        assert counted["count"] == len(found) and counted["at_seq"] >= 0, query
    assert ids(call, skip=1, limit=2) == ["w3", "w2"]
    assert ids(call, sort="accelerators", limit=2) == ["w3", "w2"]
    assert call("GET", "/v1/workloads", params={"sort": "nmae"}).json()["field"] == "sort"
    refused = call("GET", "/v1/workloads/count", params={"skip": 3})
    assert refused.json()["field"] == "skip"


def test_a_workload_is_shown_with_its_own_id_and_spec(call: Call) -> None:
    workload_id = submit(call)
    body = call("GET", f"/v1/workloads/{workload_id}").json()
    assert body["id"] == workload_id
    assert "workload_id" not in body
    assert body["spec"]["command"] == ["echo", "hello"]
    assert body["nodes"] == [[0, 4]]


def test_why_answers_for_every_site(call: Call) -> None:
    submit(call, accelerators=60)
    workload_id = submit(call, accelerators=8)
    body = call("GET", f"/v1/workloads/{workload_id}/why").json()
    assert body["state"] == "waiting"
    assert body["basis"] == "wall times of running work"
    by_site = {site["site"]: site for site in body["sites"]}
    assert by_site["narvik"]["expected_at_s"] == body["expected_at_s"]
    assert by_site["narvik"]["change"]
    assert by_site["morocco"]["blockers"][0]["code"] == "processing-not-permitted"


def test_why_of_ended_work_has_what_spoke_for_its_site_and_nothing_in_its_way() -> None:
    spoke = Reason(site="narvik", step=Step.CLASS, code="within-floor", message="within its floor")
    placed = Placement(
        at_s=5,
        workload_id="w1",
        run=1,
        site="narvik",
        pool="gb300",
        access_class="startups",
        accelerators=4,
        nodes=((0, 4),),
        power_w=9000,
        ends_at_s=9,
        lent=False,
        notice_s=0,
        reasons=(spoke,),
    )
    (site,) = views.explanation(placed, "completed")["sites"]
    assert (site["blockers"], [item["code"] for item in site["spoke_for"]]) == (
        [],
        ["within-floor"],
    )


def test_decisions_of_one_workload_and_of_all(call: Call) -> None:
    submit(call, accelerators=1)
    workload_id = submit(call, accelerators=100)
    one = call("GET", f"/v1/workloads/{workload_id}/decisions").json()["items"]
    assert [(item["kind"], item["workload_id"]) for item in one] == [("refusal", workload_id)]
    both = call("GET", "/v1/decisions").json()["items"]
    assert [item["kind"] for item in both] == ["refusal", "placement"]
    assert both[0]["seq"] > both[1]["seq"]


class TestCancel:
    def test_the_owner_may(self, call: Call) -> None:
        workload_id = submit(call)
        answer = call("POST", f"/v1/workloads/{workload_id}/cancel", role="submit")
        assert answer.status_code == 200
        assert answer.json()["state"] == "stopping"

    def test_another_may_not(self, call: Call, node: FakeNode) -> None:
        node.token_make("other", Role.SUBMIT)
        workload_id = submit(call)
        answer = call("POST", f"/v1/workloads/{workload_id}/cancel", role="other")
        assert answer.status_code == 403
        assert node.held[workload_id].cancelled_by == ""

    def test_an_operator_may_cancel_any(self, call: Call, node: FakeNode) -> None:
        workload_id = submit(call)
        answer = call("POST", f"/v1/workloads/{workload_id}/cancel", role="operator")
        assert answer.status_code == 200
        assert node.held[workload_id].cancelled_by == "operator"


class TestLogs:
    def test_the_output_comes_as_it_was_written(self, call: Call, node: FakeNode) -> None:
        workload_id = submit(call)
        node.output[workload_id] = "één\n<b>\n".encode() + b"\xff\x00"
        answer = call("GET", f"/v1/workloads/{workload_id}/logs")
        assert answer.content == node.output[workload_id]
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["allod-next-offset"] == str(len(node.output[workload_id]))

    def test_a_part_of_it(self, call: Call, node: FakeNode) -> None:
        workload_id = submit(call)
        node.output[workload_id] = b"0123456789"
        query = {"offset": 3, "limit": 4}
        answer = call("GET", f"/v1/workloads/{workload_id}/logs", params=query)
        assert answer.content == b"3456"
        assert answer.headers["allod-offset"] == "3"
        assert answer.headers["allod-next-offset"] == "7"

    def test_following_ends_with_the_workload(self, call: Call, node: FakeNode) -> None:
        workload_id = submit(call)
        node.output[workload_id] = b"one\ntwo\n"
        node.end(workload_id, Outcome.COMPLETED)
        query = {"follow": "true", "limit": 4}
        answer = call("GET", f"/v1/workloads/{workload_id}/logs", params=query)
        assert answer.content == b"one\ntwo\n"

    def test_what_has_not_run_has_no_output_and_says_so(self, call: Call) -> None:
        workload_id = submit(call, accelerators=100)
        answer = call("GET", f"/v1/workloads/{workload_id}/logs")
        assert answer.status_code == 404
        assert "no run" in answer.json()["detail"]

    def test_what_never_ran_can_be_followed_to_its_end(self, call: Call) -> None:
        workload_id = submit(call, accelerators=100)
        answer = call("GET", f"/v1/workloads/{workload_id}/logs", params={"follow": "true"})
        assert (answer.status_code, answer.content) == (200, b"")


def test_json_with_a_key_twice_is_refused(call: Call) -> None:
    text = json.dumps(workload()).replace('"accelerators"', '"accelerators": 1, "accelerators"')
    answer = call(
        "POST",
        "/v1/workloads",
        role="submit",
        content=text,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 400
    assert "key 'accelerators' is there twice" in answer.json()["detail"]


class TestErase:
    @pytest.mark.parametrize("role", ["read", "submit", "operator"])
    def test_only_an_admin_erases(self, call: Call, node: FakeNode, role: str) -> None:
        workload_id = submit(call, accelerators=100)  # Refused, so it has ended.
        answer = call("POST", f"/v1/workloads/{workload_id}/erase", role=role)
        assert answer.status_code == 403 and node.erased == []

    def test_it_says_how_many_leaves_and_who_asked_is_known(
        self, call: Call, node: FakeNode
    ) -> None:
        workload_id = submit(call, accelerators=100)
        answer = call("POST", f"/v1/workloads/{workload_id}/erase", role="admin")
        assert answer.json() == {"id": workload_id, "leaves": 3}
        assert node.erased == [(workload_id, "admin")]

    def test_what_lives_is_not_erased(self, call: Call) -> None:
        workload_id = submit(call)
        answer = call("POST", f"/v1/workloads/{workload_id}/erase", role="admin")
        assert answer.status_code == 409
