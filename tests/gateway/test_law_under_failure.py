"""No byte of a call reaches a site that the law excludes, whatever fails meanwhile (L1, L4, L7).

Rules, sites, replicas and what they do are made up; the worker is real, and so are the engines'
sockets: each notes every byte, and whose call it was of.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from allod.gateway.inside import BATCH_HEADER, KEY_HEADER
from allod.run.serving.table import Access, Replica, Table
from bench import gateway_node
from tests.gateway.marked_engines import FAILURES, Engines, Got
from tests.gateway.worker_alone import DESK_SECRET, START_S, WorkerAlone

MODEL = "tiny"
SITES = ("bergen", "lyon", "rabat", "tromso")
PORTS = 8
#: What is asked for, and by what name a request has what its caller said.
ASKED = {
    "/v1/chat/completions": "messages",
    "/v1/completions": "prompt",
    "/v1/embeddings": "input",
    "/v1/responses": "input",
}
PATHS = tuple(ASKED)
SECRETS = ("sk-allod-" + "a" * 43, "sk-allod-" + "b" * 43)
#: A caller's patience where an engine may never answer, and how long it is seen to that one has a
#: call before the table changes; nothing is judged by either.
LEAVES_S, CHANGES_S = 0.15, 0.03


@dataclass(frozen=True)
class Place:
    """An engine as the table says it, and what it does with calls."""

    site: str
    state: str
    does: str


@dataclass(frozen=True)
class Law:
    """What one table says: by key, what is said of each site; a key that is missing is revoked."""

    said: tuple[dict[str, bool] | None, dict[str, bool] | None]

    def permits(self, caller: int) -> set[str]:
        """The sites that calls of a key may reach."""
        said = self.said[caller] or {}
        return {site for site, may in said.items() if may}


@dataclass(frozen=True)
class Call:
    """One call; with `then`, the table changes while an engine has it, or while it is held."""

    caller: int
    path: str
    stream: bool
    batch: bool  #: The desk makes it, for the key of `caller`.
    beside: tuple[int, ...]  #: With `then`, callers who call at the same time.
    then: Law | None
    starts: bool  #: With `then`, all replicas become ready too, and calls that were held go on.


@dataclass(frozen=True)
class World:
    """One example."""

    places: tuple[Place, ...]
    law: Law
    hold_s: int  #: Calls are held so long while no replica is ready.
    in_flight: int  #: Calls that a replica has at once; the others wait.
    calls: tuple[Call, ...]


# `against` and not there at all are both a no (L4).
_word = st.sampled_from((True, True, True, False, None))
_said = st.tuples(*[_word] * len(SITES)).map(
    lambda words: {site: may for site, may in zip(SITES, words, strict=True) if may is not None}
)
_laws = st.builds(Law, st.one_of(*[st.tuples(_said, _said)] * 3, st.tuples(st.none(), _said)))
_places = st.builds(
    Place,
    st.sampled_from(SITES),
    st.sampled_from(("ready", "ready", "ready", "starting", "draining")),
    st.sampled_from((*FAILURES, *("answer", "reset", "refuse") * 2)),
)
_callers = st.integers(0, 1)
_calls = st.builds(
    Call,
    _callers,
    st.sampled_from(PATHS),
    st.booleans(),
    st.sampled_from((False, False, True)),
    st.lists(_callers, max_size=2).map(tuple),
    st.none() | _laws,
    st.booleans(),
)
_worlds = st.builds(
    World,
    st.lists(_places, min_size=2, max_size=PORTS).map(tuple),
    _laws,
    st.sampled_from((0, 30)),
    st.sampled_from((1, 64)),
    st.lists(_calls, min_size=1, max_size=3).map(tuple),
)


@dataclass(repr=False)
class Scene:
    """The worker and its engines, over all examples."""

    worker: WorkerAlone
    engines: Engines
    marks: Iterator[int] = field(default_factory=count)
    names: Iterator[int] = field(default_factory=count)
    callers: dict[int, int] = field(default_factory=dict)  #: Of each mark.
    laws: dict[int, tuple[Law, ...]] = field(default_factory=dict)  #: That may hold, by age.
    sites: dict[tuple[int, int], str] = field(default_factory=dict)  #: By age and port.

    def enact(self, world: World, law: Law, replicas: list[Replica]) -> None:
        """Have the worker know `law`; until it surely does, this or the last one may hold."""
        before = self.laws.get(self.engines.age, ())
        self._next(world, (*before[-1:], law), replicas)
        self.worker.table(_table(law, replicas, world))
        self._next(world, (law,), replicas)

    def _next(self, world: World, laws: tuple[Law, ...], replicas: list[Replica]) -> None:
        age = self.engines.age + 1
        self.laws[age] = laws
        for place, one in zip(world.places, replicas, strict=True):
            self.sites[age, one.port] = place.site
        self.engines.age = age

    def wrong(self, got: Got) -> str:
        """What is wrong with these bytes having come where they did; '' if nothing is."""
        site = self.sites[got.age, got.port]
        # Half a request does not say whose it is: some caller must be allowed it then.
        callers = (0, 1) if got.mark is None else (self.callers[got.mark],)
        laws = self.laws[got.age]
        if any(site in law.permits(caller) for law in laws for caller in callers):
            return ""
        return f"{bytes(got.data)!r} came to {site}; law was {laws}, caller {callers}"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder: Path = tmp_path_factory.mktemp("law")
    with Engines(PORTS) as engines, WorkerAlone(folder) as worker:
        found = Scene(worker, engines)
        yield found
        # Also what came late, after its caller had gone.
        assert [wrong for got in engines.got if (wrong := found.wrong(got))] == []
        assert len(engines.got) > 20, "hardly anything reached an engine"


def _table(law: Law, replicas: list[Replica], world: World) -> Table:
    keys, rules = [], {}
    for caller, said in enumerate(law.said):
        if said is None:
            continue
        # As a node names them: keys that are bound alike share a rule.
        rule = f"rule-{sorted(said.items())}"
        keys.append(gateway_node.key(f"key-{caller}", SECRETS[caller], rule))
        rules[rule] = {
            MODEL: {
                site: Access(access_class="c") if may else Access(against=(f"{site} is excluded",))
                for site, may in said.items()
            }
        }
    services = [
        gateway_node.service(MODEL, replicas, hold_s=world.hold_s, in_flight=world.in_flight)
    ]
    return gateway_node.table(keys, services, rules, SITES)


def _replicas(scene: Scene, world: World) -> list[Replica]:
    """Of names that are new, so that nothing is remembered of how engines failed before."""
    made, ports = [], iter(scene.engines.ports)
    for place in world.places:
        port = next(ports)
        if place.does == "refuse":
            port = scene.engines.refusing.getsockname()[1]
        scene.engines.does[port] = place.does
        name = f"replica-{next(scene.names)}"
        made.append(gateway_node.replica(name, place.site, port, state=place.state))
    return made


@settings(max_examples=250)
@given(world=_worlds)
def test_no_byte_reaches_a_site_that_the_law_excludes(scene: Scene, world: World) -> None:
    replicas = _replicas(scene, world)
    first = len(scene.engines.got)
    scene.enact(world, world.law, replicas)
    for call in world.calls:
        if call.then is None:
            _check_answer(world, call, *_ask(scene, world, call, _mark(scene, call.caller)))
        else:
            _ask_while_law_changes(scene, world, call, replicas)
            scene.enact(world, world.law, replicas)
    assert [wrong for got in scene.engines.got[first:] if (wrong := scene.wrong(got))] == []


def _mark(scene: Scene, caller: int) -> int:
    mark = next(scene.marks)
    scene.callers[mark] = caller
    return mark


def _ask(scene: Scene, world: World, call: Call, mark: int) -> tuple[int, Any, dict[str, str]]:
    said: Any = f"mark-{mark:06}- and so on"
    if ASKED[call.path] == "messages":
        said = [{"role": "user", "content": said}]
    body = {"model": MODEL, ASKED[call.path]: said, "stream": call.stream}
    patience_s = START_S
    if not _is_answered(world):
        patience_s = LEAVES_S if call.then is None else 2 * LEAVES_S + CHANGES_S
    caller = scene.callers[mark]
    secret, headers = SECRETS[caller], {}
    if call.batch:
        secret, headers = DESK_SECRET, {KEY_HEADER: f"key-{caller}", BATCH_HEADER: "batch-1"}
    return scene.worker.ask("POST", call.path, secret, body, headers, timeout_s=patience_s)


def _ask_while_law_changes(scene: Scene, world: World, call: Call, replicas: list[Replica]) -> None:
    assert call.then is not None
    scene.engines.shut()
    marks = {_mark(scene, caller) for caller in (call.caller, *call.beside)}
    asking = [threading.Thread(target=_ask, args=(scene, world, call, mark)) for mark in marks]
    for one in asking:
        one.start()
    seen, until_s = False, time.monotonic() + CHANGES_S
    while any(one.is_alive() for one in asking) and not seen and time.monotonic() < until_s:
        time.sleep(0.001)
        seen = marks <= {got.mark for got in scene.engines.got[-2 * PORTS :]}
    if any(one.is_alive() for one in asking):
        event(f"law changed while {'engines had' if seen else 'the gateway held'} calls")
    new = [replace(one, state="ready") for one in replicas] if call.starts else replicas
    scene.enact(world, call.then, new)
    scene.engines.open()
    for one in asking:
        one.join()


def _is_answered(world: World) -> bool:
    """False if engines or the gateway may keep a call until its caller goes."""
    keeps = world.hold_s or world.in_flight == 1
    return not keeps and all(place.does != "stall" for place in world.places)


def _check_answer(
    world: World, call: Call, status: int, answer: Any, headers: dict[str, str]
) -> None:
    """It says what the law says, and where nothing fails it is served."""
    event(f"answered {status}")
    permitted = world.law.permits(call.caller)
    said = world.law.said[call.caller]
    there = [place for place in world.places if place.site in permitted]
    if said is None:
        assert status == 401, answer
    elif not permitted:
        assert status in ((403,) if said else (403, 404)), answer
        for site in said if status == 403 else ():
            assert f"{site}: {site} is excluded" in answer["error"]["why"], answer
    elif there and all((one.state, one.does) == ("ready", "answer") for one in there):
        assert status == 200, answer
    assert status or not _is_answered(world)
    if status == 200:
        assert headers["x-allod-site"] in permitted
