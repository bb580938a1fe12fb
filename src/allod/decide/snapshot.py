"""Snapshots: the whole engine as bytes, exact to the last row, so that what follows is the same."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import numpy as np

from allod.decide.asleep import Asleep
from allod.decide.kernel import state as k
from allod.decide.layout import lay_out
from allod.decide.live import Cap, Key, Live, Move
from allod.decide.outlook import Outlook
from allod.decide.rule import Rule
from allod.decide.verdict import Judge, Verdict
from allod.decide.world import world_of
from allod.domain.document import from_json
from allod.domain.event import CurtailmentCalled, ForecastGiven, PoolReported
from allod.domain.residency import Residency
from allod.domain.workload import Topology, Workload
from allod.errors import InvalidInput
from allod.prove.encoding import decode, encode

if TYPE_CHECKING:
    from allod.decide.engine import Engine

_MAGIC = b"allod-snapshot-3\n"


def _shape_digest() -> str:
    """A digest of how the arrays are laid out; another layout cannot be read."""
    text = repr([(name, str(np.dtype(dtype)), n) for name, (dtype, n) in k.State.fields.items()])
    return hashlib.sha256(text.encode()).hexdigest()


def freeze(engine: Engine) -> bytes:
    """`engine` as bytes."""
    shared: dict[tuple[Rule, ...], int] = {}  # Many workloads have the same rules.
    for rules in (
        *(key[0] for key in engine.verdict_rows),
        *(live.rules for live in engine.live.values()),
    ):
        shared.setdefault(rules, len(shared))
    head = {
        "layout": _shape_digest(),
        "policy": engine.policy,
        "now_s": engine.now_s,
        "documents": [engine.documents[key].to_json() for key in sorted(engine.documents)],
        "inherited": {
            name: [_rule_json(rule) for rule in rules]
            for name, rules in sorted(engine.inherited.items())
        },
        "timers": sorted(engine.timers),
        "reports": [encode(engine.reports[key]).decode() for key in sorted(engine.reports)],
        "rules": [[_rule_json(rule) for rule in rules] for rules in shared],
        "verdicts": [[shared[key[0]], *key[1:]] for key in engine.verdict_rows],
        "live": [
            {
                "workload_id": live.workload_id,
                "name": live.name,
                "spec": live.spec,
                "submit_s": live.submit_s,
                "seq": live.seq,
                "row": live.row,
                "cancelled": live.cancelled,
                "rules": shared[live.rules],
                **({"move": asdict(live.move)} if live.move else {}),
                **({"cap": asdict(live.cap)} if live.cap else {}),
                **({"caps": live.caps} if live.caps else {}),
            }
            for live in engine.live.values()
        ],
    }
    for name, told in (
        ("forecasts", engine.outlook.forecasts),
        ("calls", engine.outlook.calls),
    ):
        if told:
            head[name] = [encode(told[key]).decode() for key in sorted(told)]  # type: ignore[index]
    out = io.BytesIO()
    np.savez(out, **engine.state.arrays())  # type: ignore[arg-type]
    text = json.dumps(head, separators=(",", ":")).encode()
    return _MAGIC + len(text).to_bytes(8, "big") + text + out.getvalue()


def thaw(cls: type[Engine], data: bytes) -> Engine:
    """The engine that `freeze` made `data` of; InvalidInput if another version did."""
    if not data.startswith(_MAGIC):
        raise InvalidInput("not a snapshot of this version", mend="live through the log instead")
    start = len(_MAGIC) + 8
    size = int.from_bytes(data[len(_MAGIC) : start], "big")
    head: dict[str, Any] = json.loads(data[start : start + size])
    if head["layout"] != _shape_digest():
        raise InvalidInput("a snapshot of another layout", mend="live through the log instead")
    engine = cls(policy=head["policy"])
    engine.now_s = head["now_s"]
    engine.documents = {d.key: d for d in (from_json(item) for item in head["documents"])}
    engine.world = world_of(engine.documents)
    engine.outlook = _outlook(head)
    _, engine.layout = lay_out(
        engine.documents, engine.now_s, engine.policy, outlook=engine.outlook, jobs=16
    )
    engine.judge = Judge(engine.world, engine.layout)
    with np.load(io.BytesIO(data[start + size :])) as arrays:
        engine.state = k.State(**{name: arrays[name] for name in k.State.fields})
    engine.inherited = {
        name: tuple(_rule(rule) for rule in rules) for name, rules in head["inherited"].items()
    }
    for text in head["reports"]:
        report = decode("event/PoolReported", text.encode())
        assert isinstance(report, PoolReported)
        engine.reports[report.site, report.pool] = report
    engine.timers = [(at_s, workload_id) for at_s, workload_id in head["timers"]]
    shared = [tuple(_rule(rule) for rule in rules) for rules in head["rules"]]
    for row, key in enumerate(head["verdicts"]):
        engine.verdict_rows[_key(shared, key)] = row
    for item in head["live"]:
        live = Live(
            workload_id=item["workload_id"],
            name=item["name"],
            spec=item["spec"],
            workload=Workload.model_validate(item["spec"]),
            submit_s=item["submit_s"],
            seq=item["seq"],
            rules=shared[item["rules"]],
            verdict=Verdict((), (), {}, {}),
            row=item["row"],
            cancelled=item["cancelled"],
            move=Move(**item["move"]) if "move" in item else None,
            cap=Cap(**item["cap"]) if "cap" in item else None,
            caps=item.get("caps", 0),
        )
        engine.live[live.workload_id] = live
        if live.row >= 0:
            engine.by_row[live.row] = live
    engine.asleep = Asleep(engine.state, engine.layout)
    engine.capped = {name: live for name, live in engine.live.items() if live.cap}
    for live in engine.live.values():
        _, live.verdict = engine.verdict_of(live)
        if live.row < 0 and live.move:
            engine.asleep.add(live)
    return engine


def _outlook(head: dict[str, Any]) -> Outlook:
    """The forecasts and calls that `freeze` wrote."""
    forecasts, calls = {}, {}
    for text in head.get("forecasts", ()):
        forecast = decode("event/ForecastGiven", text.encode())
        assert isinstance(forecast, ForecastGiven)
        forecasts[forecast.site] = forecast
    for text in head.get("calls", ()):
        call = decode("event/CurtailmentCalled", text.encode())
        assert isinstance(call, CurtailmentCalled)
        calls[call.site, call.name] = call
    return Outlook(forecasts, calls)


def _key(shared: list[tuple[Rule, ...]], item: list[Any]) -> Key:
    """A distinct question, as `Engine.verdict_of` asks it."""
    rules, project, accelerators, wall_time_s, models, topology, access_class, sites, reads = item
    return (
        shared[rules],
        project,
        accelerators,
        wall_time_s,
        tuple(models),
        Topology(topology),
        access_class,
        tuple(sites),
        tuple(reads),
    )


def _rule_json(rule: Rule) -> dict[str, Any]:
    residency = rule.residency
    return {
        "origin": rule.origin,
        "residency": residency.model_dump(mode="json") if residency else None,
    }


def _rule(item: dict[str, Any]) -> Rule:
    residency = item["residency"]
    return Rule(item["origin"], Residency.model_validate(residency) if residency else None)
