"""The gateways and proxies that ours is measured beside: each installs itself and is started.

They lie in `.bench/` of the checkout, outside git. One that cannot be installed here is left out,
and is said to be. All of them run as one worker, without TLS, database and tracing.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import textwrap
import venv
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import yaml

CACHE = Path(__file__).resolve().parents[1] / ".bench"
INSTALL_S = 600


class NotHere(Exception):
    """A peer cannot be installed on this machine, or does not start."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One of them."""

    name: str
    install: Callable[[], str]
    """Install it if it is not there; returns its version."""
    command: Callable[[Path, int, int], list[str]]
    """Starts it in a folder, at a port, before an upstream at a port."""
    environment: Mapping[str, str] = field(default_factory=dict)
    key: str = "sk-test"
    """What its callers show."""
    headers: Callable[[int], str] = lambda upstream: ""
    """Headers that its callers must send, with their ends, for an upstream at a port."""


def free_port() -> int:
    """A port that nobody has now."""
    with socket.create_server(("127.0.0.1", 0)) as bound:
        return int(bound.getsockname()[1])


def _run(*command: str, cwd: Path | None = None) -> str:
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, timeout=INSTALL_S, cwd=cwd
        )
    except FileNotFoundError as error:
        raise NotHere(f"{command[0]} is not on this machine") from error
    except subprocess.TimeoutExpired as error:
        raise NotHere(f"{command[0]} took more than {INSTALL_S} s") from error
    except subprocess.CalledProcessError as error:
        raise NotHere(f"{' '.join(command[:3])}: {error.stderr.strip()[-200:]}") from error
    return (done.stdout + done.stderr).strip()


def _venv_with(name: str, *packages: str) -> Path:
    """The `bin` folder of a virtual environment of its own that has `packages`."""
    folder = CACHE / name
    done = folder / "installed"
    if not done.exists() or done.read_text(encoding="utf-8") != " ".join(packages):
        venv.create(folder, with_pip=True, clear=True)
        _run(str(folder / "bin/pip"), "install", "--quiet", *packages)
        done.write_text(" ".join(packages), encoding="utf-8")
    return folder / "bin"


# -- nginx --------------------------------------------------------------------------------------

_NGINX = """\
worker_processes 1; daemon off; pid nginx.pid; error_log nginx.err warn;
worker_rlimit_nofile 20000;
events {{ worker_connections 8192; }}
http {{
  access_log off; keepalive_requests 10000000; keepalive_timeout 300s; tcp_nodelay on;
  client_max_body_size 64m; client_body_buffer_size 1m;
  client_body_temp_path t1; proxy_temp_path t2; fastcgi_temp_path t3;
  uwsgi_temp_path t4; scgi_temp_path t5;
  upstream up {{ server 127.0.0.1:{upstream}; keepalive 1024; keepalive_requests 10000000; }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://up; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off; proxy_request_buffering on; proxy_read_timeout 600s;
    }}
  }}
}}
"""


def _nginx() -> str:
    return shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or ""


def _nginx_installed() -> str:
    if not _nginx():
        _run("apt-get", "install", "-y", "--no-install-recommends", "nginx-light")
    return _run(_nginx(), "-v").rpartition("/")[2]


def _nginx_command(folder: Path, port: int, upstream: int) -> list[str]:
    file = folder / "nginx.conf"
    file.write_text(_NGINX.format(port=port, upstream=upstream), encoding="utf-8")
    return [_nginx(), "-e", "nginx.err", "-p", str(folder), "-c", str(file)]


# -- LiteLLM ------------------------------------------------------------------------------------

_LITELLM = "1.106.2"
#: It does not start without one; so its callers show it.
_LITELLM_KEY = "sk-6b1f0c9e4d7a4f52b8e3a1c07d95f2e86b1f0c9e4d7a4f52"


def _litellm_installed() -> str:
    _venv_with("litellm", f"litellm[proxy]=={_LITELLM}")
    return _LITELLM


def _litellm_command(folder: Path, port: int, upstream: int) -> list[str]:
    models = [
        {
            "model_name": name,
            "litellm_params": {
                "model": f"openai/{name}",
                "api_base": f"http://127.0.0.1:{upstream}/v1",
                "api_key": "none",
            },
        }
        for name in ("fake", "paced")
    ]
    file = folder / "litellm.yaml"
    file.write_text(yaml.safe_dump({"model_list": models}), encoding="utf-8")
    command = [str(CACHE / "litellm/bin/litellm"), "--config", str(file), "--num_workers", "1"]
    return [*command, "--host", "127.0.0.1", "--port", str(port)]


# -- Portkey ------------------------------------------------------------------------------------

_PORTKEY = "1.15.2"
#: As it comes, every stream ends in `TypeError: immutable` on Node 20, since it writes into the
#: headers of what it fetched; and it listens at all interfaces.
_PORTKEY_SHIM = textwrap.dedent("""\
    import net from "node:net";
    const fetched = globalThis.fetch;
    globalThis.fetch = async (...asked) => {
      const answer = await fetched(...asked);
      if (!(answer.headers.get("content-type") || "").includes("event-stream")) return answer;
      return new Response(answer.body, {
        status: answer.status, statusText: answer.statusText, headers: new Headers(answer.headers),
      });
    };
    const listen = net.Server.prototype.listen;
    net.Server.prototype.listen = function (port, ...rest) {
      if (typeof port !== "number") return listen.call(this, port, ...rest);
      return listen.call(this, port, "127.0.0.1", ...rest.filter((x) => typeof x === "function"));
    };
""")


def _portkey_installed() -> str:
    folder = CACHE / "portkey"
    if not (folder / "node_modules/@portkey-ai/gateway").exists():
        folder.mkdir(parents=True, exist_ok=True)
        package = f"@portkey-ai/gateway@{_PORTKEY}"
        _run("npm", "install", "--no-fund", "--no-audit", package, cwd=folder)
    _run("node", "--version")
    (folder / "shim.mjs").write_text(_PORTKEY_SHIM, encoding="utf-8")
    return f"{_PORTKEY}, mended so that streams work"


def _portkey_command(folder: Path, port: int, upstream: int) -> list[str]:
    lies = CACHE / "portkey"
    server = lies / "node_modules/@portkey-ai/gateway/build/start-server.js"
    return ["node", "--import", str(lies / "shim.mjs"), str(server), "--headless", f"--port={port}"]


def _portkey_headers(upstream: int) -> str:
    host = f"http://127.0.0.1:{upstream}/v1"
    return f"x-portkey-provider: openai\r\nx-portkey-custom-host: {host}\r\n"


# -- the routers of vLLM and SGLang -------------------------------------------------------------

_ROUTER_VERSIONS = {"vllm": "0.1.17", "sglang": "0.3.2"}


def _router(name: str) -> Peer:
    def installed() -> str:
        _venv_with(f"{name}-router", f"{name}-router=={_ROUTER_VERSIONS[name]}")
        return _ROUTER_VERSIONS[name]

    def command(folder: Path, port: int, upstream: int) -> list[str]:
        python = str(CACHE / f"{name}-router/bin/python")
        launch = [python, "-m", f"{name}_router.launch_router", "--policy", "round_robin"]
        place = ["--host", "127.0.0.1", "--port", str(port)]
        # Both take the same port for metrics if they are not told another.
        place += ["--prometheus-port", str(free_port())]
        return [*launch, *place, "--worker-urls", f"http://127.0.0.1:{upstream}"]

    return Peer(name=f"{name}-router", install=installed, command=command)


NGINX = Peer(name="nginx", install=_nginx_installed, command=_nginx_command)
LITELLM = Peer(
    name="LiteLLM",
    install=_litellm_installed,
    command=_litellm_command,
    environment={
        "LITELLM_MODE": "PRODUCTION",
        "LITELLM_MASTER_KEY": _LITELLM_KEY,
        # Else it looks prices up on the net as it starts.
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    },
    key=_LITELLM_KEY,
)
PORTKEY = Peer(
    name="Portkey",
    install=_portkey_installed,
    command=_portkey_command,
    environment={"NODE_ENV": "production"},
    headers=_portkey_headers,
)
ROUTERS = (_router("vllm"), _router("sglang"))
PEERS = (NGINX, *ROUTERS, PORTKEY, LITELLM)


def main() -> None:
    """Install all of them, and say what came of it."""
    for peer in PEERS:
        try:
            print(f"{peer.name} {peer.install()}", flush=True)
        except NotHere as error:
            print(f"{peer.name} cannot be had here: {error}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
