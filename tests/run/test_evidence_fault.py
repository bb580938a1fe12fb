"""What evidence says when there is none: whether to ask again, and nothing of the node's inside."""

from __future__ import annotations

from typing import Any, cast

import pytest

from allod.errors import NotFound, Unavailable
from allod.run.evidence import Evidence, Sealing
from allod.run.feed import Feed
from tests.run.memory_store import MemoryStore
from tests.run.world import HandClock


def test_a_log_that_is_not_sealed_says_so_to_anybody_and_no_more() -> None:
    store = MemoryStore()
    sealing = Sealing(cast(Any, None), cast(Any, None), cast(Any, None), bytes, 5)
    evidence = Evidence(store, store, Feed(store), sealing, HandClock(), lambda: None)
    with pytest.raises(NotFound, match="has been published yet"):
        evidence.checkpoint()
    evidence._sealer._fault = "the database at 10.0.0.7 is away"
    for ask in (evidence.checkpoint, evidence.newest, lambda: evidence.resource("tile/0/000")):
        with pytest.raises(Unavailable, match="the log is not sealed now") as raised:
            ask()
        assert "10.0.0.7" not in str(raised.value)
