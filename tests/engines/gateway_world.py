"""A whole node with its gateway, as `allod up` starts it: sites, services, keys, real engines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import yaml

from allod.run.node_views import LIVE_STATES
from tests.engines.programs import ENVIRONMENT, PATIENCE_S, ROOT

WORLD = ROOT / "examples/world.yaml"


def service(name: str, model: str, command: Sequence[str], **spec: Any) -> dict[str, Any]:
    """A Service document whose engine is llama.cpp, at narvik, unless `spec` says otherwise."""
    return {
        "apiVersion": "allod/v1",
        "kind": "Service",
        "metadata": {"name": name},
        "spec": {
            "project": "tromso-vision",
            "model": model,
            "engine": "llama-cpp",
            "command": list(command),
            "environment": {"LLAMA_API_KEY": "{engine_key}", "OMP_NUM_THREADS": "1"},
            "sites": ["narvik"],
            "replicas": {"min": 1, "max": 1, "in_flight": 8},
            "context_tokens": 2048,
            "answer_tokens": 64,
            **spec,
        },
    }


class GatewayWorld:
    """The node; `base_url` is what a client of OpenAI's is given."""

    def __init__(self, data: Path, node_url: str) -> None:
        self.data = data
        self._node = httpx.Client(
            base_url=node_url,
            timeout=60,
            headers={"authorization": f"Bearer {(data / 'token').read_text().strip()}"},
        )

    def ask(self, method: str, path: str, **given: Any) -> Any:
        """What the node's API answers; anything but success fails the test."""
        answer = self._node.request(method, path, **given)
        assert answer.is_success, f"{method} {path}: {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def apply(self, *documents: dict[str, Any]) -> None:
        """Apply documents."""
        self.apply_text(yaml.safe_dump_all(documents))

    def apply_text(self, text: str) -> None:
        """Apply documents as they stand in a file."""
        headers = {"content-type": "application/yaml"}
        self.ask("POST", "/v1/documents", content=text.encode(), headers=headers)

    def key(self, project: str = "tromso-vision", **terms: Any) -> str:
        """The secret of a new key, once the gateway knows it."""
        secret = str(self.ask("POST", "/v1/keys", json={"project": project, **terms})["secret"])
        headers = {"authorization": f"Bearer {secret}"}
        wait_for(
            lambda: httpx.get(f"{self.base_url}/models", headers=headers).status_code == 200,
            self.told,
        )
        return secret

    @property
    def base_url(self) -> str:
        """Where the gateway answers."""
        address = json.loads((self.data / "gateway/address.json").read_text())
        return f"{address['url']}/v1"

    def ready(self, *services: str, sites: int = 1) -> None:
        """Wait until each of the services has replicas that take calls, at so many sites."""

        def are_ready() -> bool:
            views = {
                view["name"]: view["sites"] for view in self.ask("GET", "/v1/services")["items"]
            }
            return all(
                sum(site["ready"] > 0 for site in views.get(name, ())) >= sites for name in services
            )

        wait_for(are_ready, self.told)

    def end_services(self) -> None:
        """Take all services away; replicas outlive the node unless they are."""
        for view in self.ask("GET", "/v1/services")["items"]:
            self.ask("DELETE", f"/v1/documents/Service/{view['name']}")
        wait_for(
            lambda: LIVE_STATES.isdisjoint(
                one["state"] for one in self.ask("GET", "/v1/workloads")["items"]
            ),
            self.told,
        )

    def close(self) -> None:
        """Let go of the node."""
        self._node.close()

    def told(self) -> str:
        """What node and gateway last said, for a test that fails."""
        logs = [self.data / "node.log", self.data / "gateway/desk.log", self.data / "out.log"]
        services = json.dumps(self._node.get("/v1/services").json(), indent=1)
        return services + "".join(
            f"\n--- {log.name}\n{log.read_text(errors='replace')[-3000:]}"
            for log in logs
            if log.exists()
        )

    def records(self, **where: str) -> list[dict[str, Any]]:
        """Usage records of calls that have ended, newest first."""
        return list(self.ask("GET", "/v1/usage/requests", params=where)["items"])


def wait_for(true: Callable[[], bool], told: Callable[[], str] = lambda: "") -> None:
    """Wait until it is; patience only ends what would hang."""
    until_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < until_s:
        if true():
            return
        time.sleep(0.1)
    raise AssertionError(f"waited in vain\n{told()}")


@contextmanager
def gateway_world(
    data: Path, documents: Sequence[dict[str, Any]], *, world: str = "", **config: Any
) -> Iterator[GatewayWorld]:
    """A node with `world`, which is the example sites, and `documents`, until the block ends."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = {"port": 0, "gateway_port": 0, "home_site": "narvik", **config}
    (data / "config.yaml").write_text(yaml.safe_dump(settings))
    environment = {
        **ENVIRONMENT,
        "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]),
        "ALLOD_DATA": str(data),
    }
    with (data / "out.log").open("wb") as out:
        node = subprocess.Popen(
            [sys.executable, "-m", "allod.cli.main", "up", "--foreground"],
            env=environment,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        try:
            address = data / "node.json"
            wait_for(
                lambda: address.exists() or node.poll() is not None,
                lambda: (data / "out.log").read_text(errors="replace"),
            )
            assert node.poll() is None, (data / "out.log").read_text(errors="replace")
            made = GatewayWorld(data, json.loads(address.read_text())["url"])
            made.apply_text(world or WORLD.read_text(encoding="utf-8"))
            made.apply(*documents)
            try:
                wait_for((data / "gateway/address.json").exists, made.told)
                yield made
            finally:
                made.end_services()
                made.close()
        finally:
            down = [sys.executable, "-m", "allod.cli.main", "down"]
            subprocess.run(down, env=environment, check=False, capture_output=True)
            if node.poll() is None:
                node.terminate()
            node.wait(60)
