"""Classes under overload: the Azure trace against real engines, through the gateway.

    python -m bench.gateway_azure [--plots DIR] [--calls 500] [--rounds 5]

Calls of Azure's LLM trace of 2023 (code), with their own times of coming and answers, and prompts a
quarter as long. Time runs so much faster that half as many calls again come as the
engines can serve. One call in four is of a class with a floor, the others are surplus. Five runs of
the same calls: those of the floor alone; all of them with classes, without more, with a place of
each replica left free, and with a replica spared; all of them without classes. They take turns in
several rounds, and the speed of the engines is measured before each.

The engines are two of llama.cpp with a made-up model, two slots each: all is real but the sense of
their words.
docs/explanation/classes-under-overload.md says what came out.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

import orjson
import polars as pl
import uvloop

from allod.run.serving.table import Access, ClassShare, Table
from bench import azure_plot, gateway_node
from bench.figures import percentile
from bench.gateway_peers import free_port
from bench.gateway_up import GatewayUp
from bench.traces import SHARED
from tests.sim.gateway_engines import Fleet, llama_is_here

TRACE: Final = SHARED / "azure_llm_2023_code.parquet"
MODEL: Final = "tiny"
REPLICAS: Final = 2
SLOTS: Final = 2
#: Prompts are so much shorter than in the trace: a processor stands in for an accelerator.
SHORTER: Final = 4
#: Longer answers are cut, so that each call fits a slot of the engine. [tokens]
ANSWER_MAX: Final = 400
OVERLOAD: Final = 1.5
FLOOR_PART: Final = 0.25
#: Busy hour of the trace, from here on.
_FIRST: Final = 3_000
_SEED: Final = 3
_CALIBRATED: Final = 40
SECRETS: Final = {"floor": "sk-allod-" + "f" * 43, "surplus": "sk-allod-" + "s" * 43}


def _share(in_flight_max_bp: int = 10_000, **kept: int) -> ClassShare:
    return ClassShare(
        in_flight_max_bp=in_flight_max_bp, waiting_max=100_000, wait_max_s=3_600, **kept
    )


#: What surplus may have, by the name of the run; None: there are no classes.
RUNS: Final[dict[str, ClassShare | None]] = {
    "floor alone": _share(5_000),
    "with classes": _share(5_000),
    "a place free": _share(5_000, free_min=1),
    "a replica spared": _share(5_000, replicas_spared=1),
    "without classes": None,
}
#: Lines of the plot; more could not be told apart.
DRAWN: Final = (
    "floor, alone",
    "floor, with classes",
    "floor, a replica spared",
    "surplus, a replica spared",
    "floor, without classes",
)
_WORDS: Final = (
    "the hall in north runs on river and wind a ministry asks model its own land gets an answer "
    "tokens joules are counted for every call"
).split()


@dataclass(frozen=True, slots=True)
class Ask:
    """One call of the trace."""

    at_s: float  #: After the first one, at the trace's own pace.
    prompt: str
    answer_tokens: int
    of_floor: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """How a call went."""

    of_floor: bool
    first_s: float | None  #: Until its first token; None: it got none.
    done_s: float


def asks(calls: int, tokens_per_word: float) -> list[Ask]:
    """`calls` of the trace, one after the other."""
    rows = pl.read_parquet(TRACE).sort("TIMESTAMP")[_FIRST : _FIRST + calls]
    at = rows["TIMESTAMP"].dt.timestamp("us").to_list()
    dice = random.Random(_SEED)
    made = []
    for when, context, answer in zip(
        at, rows["ContextTokens"].to_list(), rows["GeneratedTokens"].to_list(), strict=True
    ):
        words = max(1, int(context / SHORTER / tokens_per_word))
        prompt = " ".join(dice.choices(_WORDS, k=words))
        of_floor = dice.random() < FLOOR_PART
        made.append(Ask((when - at[0]) / 1e6, prompt, min(answer, ANSWER_MAX), of_floor))
    return made


def table(fleet: Fleet, surplus: ClassShare | None) -> Table:
    """Two keys, of two classes or of one."""
    with_classes = surplus is not None
    entry = gateway_node.service(
        MODEL,
        [one.replica for one in fleet.of(MODEL)],
        engine="llama-cpp",
        in_flight=SLOTS,
        classes={"floor": _share(), "surplus": surplus} if surplus else {"all": _share()},
    )
    names = {"floor": 10, "surplus": 0} if with_classes else dict.fromkeys(SECRETS, 0)
    site = fleet.of(MODEL)[0].replica.site
    rules = {
        name: {
            MODEL: {site: Access(access_class=name if with_classes else "all", priority=priority)}
        }
        for name, priority in names.items()
    }
    keys = [gateway_node.key(name, secret, name) for name, secret in SECRETS.items()]
    return gateway_node.table(keys, [entry], rules, [site])


async def ask(port: int, one: Ask) -> Seen:
    """Make one call, and time it."""
    began_s = time.monotonic()
    body = orjson.dumps(
        {
            "model": MODEL,
            "messages": [{"role": "user", "content": one.prompt}],
            "max_tokens": one.answer_tokens,
            "ignore_eos": True,
            # The same calls come in each run, which must find nothing of the last one.
            "cache_prompt": False,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
    secret = SECRETS["floor" if one.of_floor else "surplus"]
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: gateway\r\nConnection: close\r\n"
        f"Authorization: Bearer {secret}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    first_s, got = None, b""
    while data := await reader.read(1 << 16):
        got += data
        if first_s is None and b'"delta":{"content":"' in got:
            first_s = time.monotonic() - began_s
    writer.close()
    if b"[DONE]" not in got:
        raise RuntimeError(f"a call was not answered: {got[-500:]!r}")
    return Seen(one.of_floor, first_s, time.monotonic() - began_s)


async def live_through(port: int, made: Sequence[Ask], faster: float) -> list[Seen]:
    """All calls, each at its time."""
    began_s = time.monotonic()

    async def later(one: Ask) -> Seen:
        await asyncio.sleep(max(0.0, began_s + one.at_s / faster - time.monotonic()))
        return await ask(port, one)

    return await asyncio.gather(*(later(one) for one in made))


async def in_turn(port: int, made: Sequence[Ask]) -> float:
    """Seconds that a call takes where each replica has one after the other."""
    began_s = time.monotonic()
    left = iter(made)

    async def caller() -> None:
        for one in left:
            await ask(port, one)

    await asyncio.gather(*(caller() for _ in range(REPLICAS)))
    return (time.monotonic() - began_s) / len(made)


async def _tokens_per_word(port: int) -> float:
    words = 300
    dice = random.Random(_SEED)
    one = Ask(0.0, " ".join(dice.choices(_WORDS, k=words)), 1, of_floor=True)
    await ask(port, one)
    return words


def _prompt_tokens(fleet: Fleet) -> int:
    return sum(one.counted()["prompt_tokens"] for one in fleet.of(MODEL))


def measure(calls: int, rounds: int, folder: Path) -> dict[str, Any]:
    """All runs, so many times, each time beginning with another: what else the machine does then
    weighs on none of them more than on the others.
    """
    # Two slots, each of 4,096 tokens.
    fleet = Fleet(folder, {MODEL: ("llama-cpp", REPLICAS)}, parallel=SLOTS, sites=("here",))
    names = list(RUNS)
    found: dict[str, list[Seen]] = {name: [] for name in names}
    each_s, loads = [], []
    with fleet.running(), GatewayUp(folder, free_port(), table(fleet, _share())) as up:
        before = _prompt_tokens(fleet)
        words = uvloop.run(_tokens_per_word(up.port))
        made = asks(calls, (_prompt_tokens(fleet) - before) / words)
        for turn in range(rounds):
            for name in names[turn % len(names) :] + names[: turn % len(names)]:
                up.node.change(table(fleet, _share()))
                time.sleep(1.5)
                # How fast the engines are just now.
                each_s.append(uvloop.run(in_turn(up.port, made[:_CALIBRATED])))
                faster = OVERLOAD / each_s[-1] / (len(made) / made[-1].at_s)
                up.node.change(table(fleet, RUNS[name]))
                time.sleep(1.5)
                some = [one for one in made if one.of_floor] if name == "floor alone" else made
                found[name] += uvloop.run(live_through(up.port, some, faster))
                loads.append(os.getloadavg()[0])
            print(f"round {turn + 1} of {rounds}: done", file=sys.stderr, flush=True)
        records = up.drained(sum(map(len, found.values())))
    return {
        "calls": len(made),
        "of_floor": sum(one.of_floor for one in made),
        "each_ms": [round(1e3 * one) for one in (min(each_s), median(each_s), max(each_s))],
        "records": records,
        "load": median(loads),
        "runs": {name: [asdict(one) for one in seen] for name, seen in found.items()},
    }


def lines(result: dict[str, Any]) -> list[tuple[str, list[float]]]:
    """Times to the first token, by class and run. [s]"""
    told = []
    for name, seen in result["runs"].items():
        for label, of_floor in (("floor", True), ("surplus", False)):
            if of_floor or name != "floor alone":
                first_s = [one["first_s"] for one in seen if one["of_floor"] == of_floor]
                told.append((f"{label}, {name.removeprefix('floor ')}", first_s))
    return told


def main() -> int:
    """Print the figures as JSON without the calls; 1 where what it needs is not here."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--plots", type=Path)
    parser.add_argument("--calls", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    if not TRACE.exists() or not llama_is_here():
        print("nothing is measured: the trace or llama.cpp (scripts/engines.sh) is not here")
        return 1
    with tempfile.TemporaryDirectory(prefix="allod-bench-") as folder:
        result = measure(given.calls, given.rounds, Path(folder))
    drawn = lines(result)
    told = {
        label: {
            "calls": len(first_s),
            **{
                f"p{int(100 * p)}_ms": round(1e3 * percentile(first_s, p))
                for p in (0.5, 0.95, 0.99)
            },
        }
        for label, first_s in drawn
    }
    print(
        json.dumps(
            {**{k: v for k, v in result.items() if k != "runs"}, "first_token": told}, indent=1
        )
    )
    if given.plots:
        given.plots.mkdir(parents=True, exist_ok=True)
        file = given.plots / "classes-under-overload.svg"
        file.write_text(
            azure_plot.picture([one for one in drawn if one[0] in DRAWN]), encoding="utf-8"
        )
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
