"""Calls under law and charter: what is permitted is what a workload would be permitted."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from allod.decide.calls import Caller, CallJudge
from allod.decide.engine import Engine
from allod.decide.rule import VERBS
from allod.decide.world import World, world_of
from allod.domain.decision import Refusal
from allod.domain.document import from_json
from allod.domain.event import DocumentsApplied, WorkloadSubmitted
from allod.domain.residency import Residency
from tests.decide.worlds import Json, charter, document, project, site

SITES = ("n", "m", "k")
COUNTRIES = ("NO", "MA", "SE")
UNKNOWN = {"standing": "unknown"}
CLASSES = ("public", "open", "inner")


def a_service(**spec: Any) -> Json:
    base = {"project": "host", "model": "tiny", "engine": "vllm", "command": ["serve"]}
    return document("Service", "tiny", {**base, "sites": list(SITES), **spec})


def a_site(name: str, **spec: Any) -> Json:
    return site(name, [{"name": "p"}], [(0, {"p": 8})], **spec)


def a_world(*documents: Json) -> World:
    return world_of({item.key: item for item in map(from_json, documents)})


def base(**service: Any) -> list[Json]:
    """Two sites, each of its own country, of which nothing is unknown; 'n' has a charter."""
    classes = [
        {"name": "public", "floor": 2, "priority": 9, "eligible": {"sectors": ["public"]},
         "classes": [{"name": "inner", "floor": 1, "priority": 7}]},
        {"name": "open", "floor": 0, "priority": 1},
    ]  # fmt: skip
    morocco = {"country": "MA", "management": ["MA"], "metadata": ["MA"]}
    return [
        document("Party", "op", {"title": "Op", "seat": "NO"}),
        a_site("n"),
        a_site("m", **morocco),
        charter("n", classes),
        project("host"),
        project("clinic", sector="public", residency={"processing": ["MA"], "basis": "Loi 09-08"}),
        project("lab"),
        a_service(**{"sites": ["n", "m"], **service}),
    ]


def messages(reasons: tuple[Any, ...]) -> list[str]:
    return [reason.message for reason in reasons]


def test_the_gateway_itself_stands_somewhere() -> None:
    """Where its bytes pass through is asked as the site that serves is."""
    world, clinic = a_world(*base()), Caller("clinic")
    at_home = CallJudge(world, "m")
    assert at_home.at(clinic, "tiny", "m").against == ()
    abroad = CallJudge(world, "n")
    said = (
        "processing would be in NO; Project/clinic permits MA (Loi 09-08)"
    )  # fmt: skip
    assert messages(abroad.at(clinic, "tiny", "m").against) == [f"the gateway stands at n: {said}"]
    assert messages(abroad.at(clinic, "tiny", "n").against) == [said]
    assert messages(abroad.at_home(clinic)) == [f"the gateway stands at n: {said}"]


@pytest.mark.parametrize(
    ("home", "says"),
    [
        ("", "the gateway: where it stands is not known; ask its operator to name its site"),
        (
            "oslo",
            "the gateway: it is said to stand at 'oslo', which is no site; ask its operator to "
            "mend it",
        ),
    ],
)
def test_a_gateway_that_stands_nobody_knows_where_is_a_no_to_whoever_is_restricted(
    home: str, says: str
) -> None:
    judge = CallJudge(a_world(*base()), home)
    (reason,) = judge.at(Caller("clinic"), "tiny", "m").against
    assert (reason.code, reason.forever) == ("fact-unknown", True)
    assert reason.message.startswith(f"{says}; Project/clinic asks for")
    assert judge.at_home(Caller("lab")) == judge.at(Caller("lab"), "tiny", "m").against == ()


def test_the_rule_of_the_key_counts_beside_that_of_its_project() -> None:
    judge = CallJudge(a_world(*base()), "m")
    key = Residency(storage=("SE",))
    said = messages(judge.at(Caller("clinic", key), "tiny", "m").against)
    assert (
        said
        == [
            "storage would be in MA; the key permits SE",
            "the gateway stands at m: storage would be in MA; the key permits SE",
        ][:1]
    )
    elsewhere = messages(judge.at(Caller("clinic", key), "tiny", "n").against)
    assert len(elsewhere) == 3  # Key and project about 'n', the key about the gateway.


def test_the_rule_of_the_service_binds_its_site_and_not_the_gateway() -> None:
    judge = CallJudge(a_world(*base(residency={"storage": ["MA"]})), "n")
    assert judge.at(Caller("lab"), "tiny", "m").against == ()
    assert messages(judge.at(Caller("lab"), "tiny", "n").against) == [
        "storage would be in NO; Service/tiny permits MA"
    ]


def test_a_project_without_a_document_has_an_unknown_rule() -> None:
    judge = CallJudge(a_world(*base()), "m")
    assert {reason.code for reason in judge.at(Caller("gone"), "tiny", "m").against} == {
        "fact-unknown"
    }


def test_the_class_is_the_best_that_the_service_takes() -> None:
    lab, clinic = Caller("lab"), Caller("clinic", access_class="public")
    judge = CallJudge(a_world(*base()), "n")
    assert judge.at(lab, "tiny", "n").access_class == "open"
    assert judge.at(Caller("clinic"), "tiny", "n").access_class == "inner"
    assert judge.at(Caller("clinic"), "tiny", "n").priority == 7
    assert judge.at(lab, "tiny", "m").access_class == ""  # It has no charter.
    assert judge.at(clinic, "tiny", "n").access_class == "inner"

    only_open = CallJudge(a_world(*base(classes={"open": {}})), "n")
    assert only_open.at(Caller("clinic"), "tiny", "n").access_class == "open"
    assert "only class open is served; at n it could be inner" in messages(
        only_open.at(clinic, "tiny", "n").against
    )
    assert messages(only_open.at(lab, "tiny", "m").against) == [
        "service tiny is for class open; m has no charter"
    ]

    outer = CallJudge(a_world(*base(classes={"public": {}})), "n")
    found = outer.at(clinic, "tiny", "n")
    assert (found.access_class, found.priority) == ("public", 7)  # As the service calls it.
    (reason, _) = outer.at(lab, "tiny", "n").against, None
    assert {one.code for one in reason} == {"fact-unknown"}  # Of no known sector.


def test_a_key_for_some_services_calls_no_other() -> None:
    judge = CallJudge(a_world(*base()), "n")
    assert judge.at(Caller("lab", services=("tiny",)), "tiny", "n").against == ()
    found = judge.at(Caller("lab", services=("other", "third")), "tiny", "n")
    assert messages(found.against) == ["the key may call other, third alone"]


# ------------------------------------------------------------ as a workload would be judged

countries = st.sampled_from(COUNTRIES)
#: Mostly so that something is permitted: where all says no, nothing is learnt.
places = st.lists(countries, min_size=1, max_size=3, unique=True)
controls = st.fixed_dictionaries({"within": places}) | st.fixed_dictionaries({"excluded": places})
rules = st.dictionaries(st.sampled_from(VERBS), places, min_size=1, max_size=2)
residencies = st.none() | rules | st.fixed_dictionaries({"control": controls})


def mostly(known: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """What a document says; now and then it does not."""
    return st.one_of(known, known, known, st.just(UNKNOWN))


several = st.lists(countries, min_size=1, max_size=2, unique=True)
facts = st.fixed_dictionaries(
    {
        "country": mostly(countries),
        "operator": mostly(st.sampled_from(("op", "shell", "nobody"))),
        "management": mostly(several),
        "metadata": mostly(several),
    }
)
eligible = st.sampled_from(
    ({}, {}, {"countries": ["NO"]}, {"sectors": ["public"]}, {"projects": ["clinic"]})
)


@st.composite
def worlds(draw: st.DrawFn) -> list[Json]:
    """Sites, parties, charters and projects, much of it unknown, and a service at every site."""
    found = [
        document("Party", "op", {"title": "Op", **draw(_seat)}),
        document("Party", "shell", {"title": "Shell", **draw(_seat), **draw(_owned)}),
    ]
    for name in SITES:
        found.append(a_site(name, **draw(facts)))
        if draw(st.booleans()):
            chosen = draw(st.lists(st.sampled_from(CLASSES), min_size=1, unique=True))
            classes = [
                {"name": one, "priority": draw(st.integers(0, 2)), "eligible": draw(eligible)}
                for one in chosen
            ]
            found.append(charter(name, classes))
    for name in ("clinic", "host"):
        residency = draw(residencies)
        about = draw(st.sampled_from(({}, {"country": "NO"}, {"sector": "public"})))
        rule = {} if residency is None else {"residency": residency}
        found.append(project(name, **about, **rule))
    found.append(a_service())
    return found


_seat = st.fixed_dictionaries({"seat": countries | st.just(UNKNOWN)})
_owned = st.sampled_from(
    (
        {},
        {"owners": [{"party": "op", "share_bp": 10_000}]},
        {"owners": [{"party": "op", "share_bp": UNKNOWN}]},
    )
)


def engine_of(documents: list[Json]) -> Engine:
    engine = Engine()
    engine.step(DocumentsApplied(at_s=0, documents=tuple(documents)))
    return engine


def places_at(engine: Engine, at: str, workload: Json) -> bool:
    """True if the engine would ever place the workload at this one site."""
    decision, *_ = engine.step(
        WorkloadSubmitted(
            at_s=0,
            workload_id=at,
            name=at,
            workload={"accelerators": 1, "wall_time_s": 1, "sites": [at], **workload},
        )
    )
    return not isinstance(decision, Refusal)


def without_charter(documents: list[Json], at: str) -> list[Json]:
    return [item for item in documents if item["kind"] != "Charter" or item["spec"]["site"] != at]


@given(worlds(), residencies, st.sampled_from(SITES), st.none() | st.sampled_from(CLASSES))
def test_calls_go_where_a_workload_would_be_placed(
    documents: list[Json], residency: Json | None, home: str, access_class: str | None
) -> None:
    """As the engine places it: at the site that serves and, but for class, where the gateway is."""
    asked: Json = {"project": "clinic", "kind": "service"}
    if residency is not None:
        asked["residency"] = residency
    caller = Caller(
        "clinic",
        None if residency is None else Residency.model_validate(residency),
        access_class,
    )
    judge = CallJudge(a_world(*documents), home)
    gateway_may = places_at(engine_of(without_charter(documents, home)), home, asked)
    assert (judge.at_home(caller) == ()) == gateway_may
    named = {} if access_class is None else {"access_class": access_class}
    engine = engine_of(documents)
    for name in SITES:
        may = places_at(engine, name, asked | named)
        verdict = judge.at(caller, "tiny", name)
        assert (verdict.against == ()) == (may and gateway_may), name


def test_the_property_above_sees_both_answers() -> None:
    """Else it would hold of a judge that always says no."""
    engine = engine_of(base())
    assert places_at(engine, "m", {"project": "clinic"})
    assert not places_at(engine, "n", {"project": "clinic"})
