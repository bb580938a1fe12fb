"""The kill test: `python -m tests.sim.kill --kills 200 --seed 1` (X2).

A real node takes work over HTTP from several threads, each with its own keys, and is killed at
random moments: while it starts, decides, starts runs, keeps snapshots. Some kills take the database
or a supervisor of a run instead, or as well. At the end nothing that was acknowledged may be lost,
nothing may have begun twice, and log, views and decisions must agree.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from allod.bootstrap import real_engine
from tests.run.fifo_engine import fifo_maker
from tests.sim.driver import TOKEN
from tests.sim.history import faults

START_S = 120.0
SETTLE_S = 180.0
THREADS = 4
UNITS = 6

Json = dict[str, Any]


def document(kind: str, name: str, spec: Json) -> Json:
    return {"apiVersion": "allod/v1", "kind": kind, "metadata": {"name": name}, "spec": spec}


def world(engine: str) -> list[Json]:
    """One site that lends: half of it is the owners', who have it back within a second."""
    site = {
        "title": "Here",
        "country": "NO",
        "operator": "operator",
        "management": ["NO"],
        "metadata": ["NO"],
        "pools": [{"name": "p", "accelerator": "h100"}],
        "phases": [{"name": "one", "state": "live", "accelerators": {"p": UNITS}}],
        "stop_time_s": 5,
    }
    if engine == "fifo":
        return [document("Site", "here", site)]
    classes = [
        {"name": "owner", "floor": UNITS // 2, "priority": 10, "reclaim_notice_s": 1},
        {"name": "guest", "reclaim_notice_s": 1},
    ]
    return [
        document("Party", "operator", {"title": "Operator", "seat": "NO", "dispersed": True}),
        document("Site", "here", site),
        document("Charter", "here", {"site": "here", "classes": classes}),
        document("Project", "ours", {"country": "NO"}),
    ]


def any_workload(name: str, chance: random.Random, marks: Path) -> Json:
    """Mostly short work; some that is too large for the site, so that many requests cost little."""
    large = chance.random() < 0.6
    return workload(
        name,
        marks,
        units=1000 if large else chance.choice((1, 1, 2, 3)),
        seconds=chance.choice((0, 0, 0.05, 0.3, 2)),
        owner=chance.random() < 0.2,
    )


def workload(name: str, marks: Path, *, units: int, seconds: float, owner: bool) -> Json:
    """Work that leaves a line with the number of its run, then sleeps."""
    script = f'echo "$ALLOD_RUN" >> {marks}/"$ALLOD_WORKLOAD_ID"; exec sleep {seconds}'
    return document(
        "Workload",
        name,
        {
            "project": "ours",
            "accelerators": units,
            "wall_time_s": 300,
            "access_class": "owner" if owner else "guest",
            "topology": "spread",
            "command": ["sh", "-c", script],
        },
    )


@dataclass
class Running:
    """The node that runs now, if one does."""

    folder: Path
    engine: str
    process: subprocess.Popen[bytes] | None = None
    address: str = ""  #: Empty while there is none.
    changed: threading.Condition = field(default_factory=threading.Condition)

    def spawn(self) -> None:
        """Start the process; `await_address` waits for its word."""
        log = (self.folder.parent / "node.log").open("ab")
        with log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.sim.driver", str(self.folder), self.engine],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )

    def await_address(self, timeout_s: float = START_S) -> bool:
        """True once it answers; False if it has not within `timeout_s`."""
        process = self.process
        assert process is not None and process.stdout is not None
        readable, _, _ = select.select([process.stdout], [], [], timeout_s)
        if not readable:
            return False
        line = process.stdout.readline().decode().strip()
        if not line:
            said = (self.folder.parent / "node.log").read_text(errors="replace")
            raise AssertionError(f"the node ended by itself ({process.wait()}):\n{said[-4000:]}")
        with self.changed:
            self.address = line
            self.changed.notify_all()
        return True

    def kill(self) -> None:
        """End it in the middle of whatever it does."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._gone()

    def end(self) -> None:
        """Let it end in good order."""
        assert self.process is not None and self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(START_S) == 0
        self._gone()

    def _gone(self) -> None:
        with self.changed:
            self.address = ""
        assert self.process is not None
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None and not pipe.closed:
                pipe.close()

    def await_change(self) -> str:
        """The address of the node that runs, waiting for one a little."""
        with self.changed:
            if not self.address:
                self.changed.wait(1.0)
            return self.address


class Client:
    """One caller: a connection of its own, made anew whenever the node has gone."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._address = ""
        self._connection: http.client.HTTPConnection | None = None

    def ask(self, method: str, path: str, body: Any = None, key: str = "") -> tuple[int, Any]:
        """Status and answer; status 0 if there is none, which leaves open what has happened."""
        address = self._running.await_change()
        if not address:
            return 0, None
        if address != self._address or self._connection is None:
            self.close()
            self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=60)
            self._address = address
        token = (self._running.folder / TOKEN).read_text()
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        if key:
            headers["Idempotency-Key"] = key
        try:
            self._connection.request(method, path, json.dumps(body) if body else None, headers)
            response = self._connection.getresponse()
            content = response.read()
            return response.status, json.loads(content) if content else None
        except (OSError, http.client.HTTPException, ValueError):
            self.close()
            return 0, None

    def until_answered(self, method: str, path: str, body: Any = None, key: str = "") -> Any:
        """The answer, asking again with the same key for as long as there is none."""
        end_s = time.monotonic() + START_S
        while time.monotonic() < end_s:
            status, answer = self.ask(method, path, body, key)
            if status in (200, 201, 204):
                return answer
            assert status in (0, 503), f"{method} {path}: {status} {answer}"
            time.sleep(0.02)
        raise AssertionError(f"{method} {path}: no answer for {START_S} s")

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


class Submitter(threading.Thread):
    """Asks for work all the time, remembers every answer, and sometimes asks again."""

    def __init__(self, number: int, running: Running, seed: int, marks: Path) -> None:
        super().__init__(name=f"submitter {number}", daemon=True)
        self.acknowledged: dict[str, str] = {}
        self.wrong: list[str] = []
        self.stop = threading.Event()
        self._number, self._chance, self._marks = number, random.Random(f"{seed}.{number}"), marks
        self._sent: dict[str, Json] = {}
        self._client = Client(running)

    def run(self) -> None:
        try:
            while not self.stop.is_set():
                self._once()
                self.stop.wait(self._chance.random() * 0.06)
        except AssertionError as error:
            self.wrong.append(str(error))
        finally:
            self._client.close()

    def _once(self) -> None:
        if self._sent and self._chance.random() < 0.15:
            key = self._chance.choice(list(self._sent))
        else:
            key = f"t{self._number}-{len(self._sent)}"
            self._sent[key] = any_workload(key, self._chance, self._marks)
        answer = self._client.until_answered("POST", "/v1/workloads", self._sent[key], key)
        workload_id = answer["id"]
        known = self.acknowledged.setdefault(key, workload_id)
        if known != workload_id:
            self.wrong.append(f"{key} was answered {known}, then {workload_id}")
        if self._chance.random() < 0.1:
            self._client.until_answered("POST", f"/v1/workloads/{workload_id}/cancel", {})


def kill_database(folder: Path) -> None:
    """Kill the embedded server as if its machine had failed."""
    with suppress(FileNotFoundError, IndexError, ProcessLookupError):  # It is down already.
        pid = int((folder / "postgres" / "postmaster.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)


def kill_supervisor(folder: Path, chance: random.Random) -> None:
    """Kill the supervisor of one run, if any run has one."""
    found = [
        process
        for process in psutil.process_iter(["cwd", "cmdline"])
        if str(process.info["cwd"] or "").startswith(str(folder / "runs" / "workloads"))
        and any("supervisor" in part for part in process.info["cmdline"] or ())
    ]
    if found:
        with suppress(psutil.NoSuchProcess):
            chance.choice(found).kill()


def live_through(
    kills: int, seed: int, engine: str, folder: Path, *, tell: bool = False
) -> tuple[list[str], Counter[str]]:
    """All that was wrong after so many kills, and what was done."""
    chance = random.Random(seed)
    data_dir, marks = folder / "data", folder / "marks"
    marks.mkdir(parents=True)
    data_dir.mkdir()
    running = Running(data_dir, engine)
    done: Counter[str] = Counter()
    running.spawn()
    assert running.await_address(), "the node did not start"
    first = Client(running)
    first.until_answered("POST", "/v1/documents", world(engine))
    acknowledged = _warm_up(first, marks)
    submitters = [Submitter(number, running, seed, marks) for number in range(THREADS)]
    for submitter in submitters:
        submitter.start()
    for number in range(kills):
        _one_kill(running, chance, done)
        if tell and (number + 1) % 10 == 0:
            asked = sum(len(submitter.acknowledged) for submitter in submitters)
            print(f"{number + 1} kills, {asked} workloads", flush=True)
    for submitter in submitters:
        submitter.stop.set()
    for submitter in submitters:
        submitter.join()
    wrong = [line for submitter in submitters for line in submitter.wrong]
    wrong += _settle(first)
    first.close()
    running.end()
    for submitter in submitters:
        acknowledged |= submitter.acknowledged
    done["acknowledged"] = len(acknowledged)
    maker = fifo_maker() if engine == "fifo" else real_engine()
    wrong += faults(data_dir, maker, acknowledged, marks)
    done["begun"] = sum(1 for _ in marks.iterdir())
    return wrong, done


def _warm_up(client: Client, marks: Path) -> dict[str, str]:
    """Have every kind of decision made once; what was answered, by key.

    The rules are compiled when they are first used, which takes longer than the node will have
    from one kill to the next.
    """
    asked = [("guest", UNITS, 60, False), ("owner", 1, 0, True), ("large", 1000, 0, False)]
    answered = {}
    for key, units, seconds, owner in asked:
        body = workload(key, marks, units=units, seconds=seconds, owner=owner)
        answered[key] = client.until_answered("POST", "/v1/workloads", body, key)["id"]
    client.until_answered("POST", f"/v1/workloads/{answered['guest']}/cancel", {})
    end_s = time.monotonic() + START_S
    while (
        client.until_answered("GET", f"/v1/workloads/{answered['owner']}")["state"] != "completed"
    ):
        assert time.monotonic() < end_s, "the node does not warm up"
        time.sleep(0.1)
    return answered


def _one_kill(running: Running, chance: random.Random, done: Counter[str]) -> None:
    """Let it live for a moment, then kill something, and have a node again."""
    time.sleep(chance.choice((0.0, 0.02, 0.1, 0.3, 0.7)) * (0.5 + chance.random()))
    what = chance.random()
    if what < 0.1:
        kill_supervisor(running.folder, chance)
        done["supervisors"] += 1
    if what > 0.8:
        kill_database(running.folder)
        done["databases"] += 1
    if what > 0.9:
        return  # The node lives on and has to bring its database back.
    running.kill()
    done["nodes"] += 1
    while True:
        running.spawn()
        # One in four does not get as far as to answer.
        patience_s = chance.random() * 1.5 if chance.random() < 0.25 else START_S
        if running.await_address(patience_s):
            return
        assert patience_s < START_S, "the node did not start"
        running.kill()
        done["nodes while they start"] += 1


def _settle(client: Client) -> list[str]:
    """Cancel what waits and let the rest end."""
    end_s = time.monotonic() + SETTLE_S
    while time.monotonic() < end_s:
        live: list[Json] = []
        for state in ("waiting", "placed", "running", "stopping"):
            page = client.until_answered("GET", f"/v1/workloads?state={state}&limit=1000")
            live += page["items"]
        if not live:
            time.sleep(0.3)  # The last acts are noted after the ends they lead to.
            return []
        for item in live:
            if item["state"] == "waiting":
                path = f"/v1/workloads/{item['id']}/cancel"
                client.until_answered("POST", path, {})
        time.sleep(0.2)
    return [f"{item['id']} is still {item['state']}" for item in live]


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.sim.kill", description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--engine", choices=("real", "fifo"), default="real")
    parser.add_argument("--keep", action="store_true", help="keep the data folder")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="allod-kill-"))
    began_s = time.monotonic()
    wrong, done = live_through(given.kills, given.seed, given.engine, folder, tell=True)
    print(", ".join(f"{name}: {count}" for name, count in sorted(done.items())))
    print(f"seed {given.seed}, {time.monotonic() - began_s:.0f} s")
    for line in wrong:
        print(f"WRONG: {line}")
    if given.keep or wrong:
        print(f"its data is in {folder}")
    else:
        shutil.rmtree(folder)
    print("nothing was wrong" if not wrong else f"{len(wrong)} faults")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
