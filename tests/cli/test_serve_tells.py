"""A node in the background tells whoever started it that it is there, or nobody."""

from __future__ import annotations

import json
import os

import pytest

from allod.cli.serve import _teller


def test_a_node_that_nobody_waits_for_goes_on() -> None:
    ours, theirs = os.pipe()
    os.close(ours)
    tell = _teller(theirs)
    tell({"url": "http://127.0.0.1:7700"})
    tell({"error": "later"})
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(theirs)  # Closed, though nobody read what was told.


def test_the_first_message_is_told_and_the_pipe_closed() -> None:
    ours, theirs = os.pipe()
    tell = _teller(theirs)
    tell({"url": "http://127.0.0.1:7700"})
    tell({"error": "later"})
    with os.fdopen(ours, "rb") as pipe:
        assert json.loads(pipe.read()) == {"url": "http://127.0.0.1:7700"}
