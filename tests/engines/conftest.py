"""What the tests of engines and clients share: the made-up model, and a node that serves it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engines.gateway_world import GatewayWorld, gateway_world, service
from tests.engines.programs import llama_command, write_tiny


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made-up model for llama.cpp."""
    return write_tiny("llama-cpp", "gguf", tmp_path_factory.mktemp("model") / "tiny.gguf")


# Of a module, though two share it: one of the session would run beside all tests that follow.
@pytest.fixture(scope="module")
def world(tiny: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayWorld]:
    """A node with two services of llama.cpp: one that talks, one for embeddings."""
    talks = llama_command(str(tiny), "tiny")
    embeds = llama_command(str(tiny), "tiny-embed", "--embedding")
    documents = [
        service("tiny", "tiny", talks, serves=["chat", "completions", "responses"]),
        service("tiny-embed", "tiny-embed", embeds, serves=["embeddings"]),
    ]
    with gateway_world(tmp_path_factory.mktemp("node"), documents) as made:
        made.ready("tiny", "tiny-embed")
        yield made
