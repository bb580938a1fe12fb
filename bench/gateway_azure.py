"""Classes under overload: the Azure trace against a real engine, through the gateway.

    python -m bench.gateway_azure [--plots DIR] [--calls 900]

Calls of Azure's LLM trace of 2023 (code), with their own times of coming and answers, and prompts a
quarter as long. Time runs so much faster that half as many calls again come as the
engine can serve. One call in four is of a class with a floor, the others are surplus. Three runs of
the same calls: those of the floor alone, all of them with classes, all of them without.

The engine is llama.cpp with a made-up model and two slots: all is real but the sense of its words.
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
RUNS: Final = ("floor alone", "with classes", "without classes")
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


def table(fleet: Fleet, *, with_classes: bool) -> Table:
    """Two keys, of two classes or of one."""
    share = ClassShare(in_flight_max_bp=10_000, waiting_max=100_000, wait_max_s=3_600)
    half = ClassShare(in_flight_max_bp=5_000, waiting_max=100_000, wait_max_s=3_600)
    entry = gateway_node.service(
        MODEL,
        [one.replica for one in fleet.of(MODEL)],
        engine="llama-cpp",
        in_flight=SLOTS,
        classes={"floor": share, "surplus": half} if with_classes else {"all": share},
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
    """Seconds that one call takes when nobody else calls."""
    began_s = time.monotonic()
    for one in made:
        await ask(port, one)
    return (time.monotonic() - began_s) / len(made)


async def _tokens_per_word(port: int) -> float:
    words = 300
    dice = random.Random(_SEED)
    one = Ask(0.0, " ".join(dice.choices(_WORDS, k=words)), 1, of_floor=True)
    await ask(port, one)
    return words


def measure(calls: int, folder: Path) -> dict[str, Any]:
    """The three runs."""
    # Two slots, each of 4,096 tokens.
    fleet = Fleet(folder, {MODEL: ("llama-cpp", 1)}, parallel=SLOTS)
    with fleet.running(), GatewayUp(folder, free_port(), table(fleet, with_classes=True)) as up:
        before = fleet.of(MODEL)[0].counted()["prompt_tokens"]
        words = uvloop.run(_tokens_per_word(up.port))
        per_word = (fleet.of(MODEL)[0].counted()["prompt_tokens"] - before) / words
        made = asks(calls, per_word)
        each_s = uvloop.run(in_turn(up.port, made[:_CALIBRATED]))
        faster = OVERLOAD / each_s / (len(made) / made[-1].at_s)
        found: dict[str, list[Seen]] = {}
        for name in RUNS:
            up.node.change(table(fleet, with_classes=name != "without classes"))
            time.sleep(1.5)
            some = [one for one in made if one.of_floor] if name == "floor alone" else made
            found[name] = uvloop.run(live_through(up.port, some, faster))
            print(f"{name}: done", file=sys.stderr, flush=True)
        records = up.drained(calls)
    return {
        "calls": len(made),
        "of_floor": sum(one.of_floor for one in made),
        "alone_s": each_s,
        "faster": faster,
        "records": records,
        "load_at_end": os.getloadavg()[0],
        "runs": {name: [asdict(one) for one in seen] for name, seen in found.items()},
    }


def lines(result: dict[str, Any]) -> list[tuple[str, list[float]]]:
    """Times to the first token, by name of the line, in the order of the plot. [s]"""
    told = []
    for name, of_floor, label in (
        ("floor alone", True, "floor, alone"),
        ("with classes", True, "floor, with classes"),
        ("with classes", False, "surplus, with classes"),
        ("without classes", True, "floor, without classes"),
        ("without classes", False, "surplus, without classes"),
    ):
        seen = result["runs"][name]
        told.append((label, [one["first_s"] for one in seen if one["of_floor"] == of_floor]))
    return told


def main() -> int:
    """Print the figures as JSON without the calls; 1 where what it needs is not here."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--plots", type=Path)
    parser.add_argument("--calls", type=int, default=900)
    given = parser.parse_args()
    if not TRACE.exists() or not llama_is_here():
        print("nothing is measured: the trace or llama.cpp (scripts/engines.sh) is not here")
        return 1
    with tempfile.TemporaryDirectory(prefix="allod-bench-") as folder:
        result = measure(given.calls, Path(folder))
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
        file.write_text(azure_plot.picture(drawn), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
