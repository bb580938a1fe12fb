from __future__ import annotations

import logging
import threading

import pytest

from allod.run.crew import Crew
from allod.run.log import Act

WAIT_S = 5.0


def act(name: str) -> Act:
    return Act(name, "w1", 1, "start", b"{}")


def test_so_many_acts_at_once_and_each_once() -> None:
    inside, done, all_in = [], [], threading.Barrier(3)

    def perform(given: Act) -> None:
        inside.append(given.act_id)
        all_in.wait(WAIT_S)  # Breaks unless three threads are in here together.
        done.append(given.act_id)

    crew = Crew("test", 3, perform)
    for name in "abcdef":
        crew.give(act(name))
    while len(done) < 6:
        assert not all_in.broken, "they are not performed at once"
    crew.close()
    assert sorted(done) == list("abcdef")


def test_a_mistake_is_seen_and_the_thread_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    done = threading.Event()

    def perform(given: Act) -> None:
        if given.act_id == "bad":
            raise KeyError("oh")
        done.set()

    crew = Crew("test", 1, perform)
    with caplog.at_level(logging.ERROR):
        crew.give(act("bad"))
        crew.give(act("good"))
        assert done.wait(WAIT_S)
    crew.close()
    assert "bad is tried again later" in caplog.text


def test_closing_finishes_what_is_under_way_and_begins_nothing() -> None:
    begun, go_on, done = threading.Event(), threading.Event(), []

    def perform(given: Act) -> None:
        begun.set()
        go_on.wait(WAIT_S)
        done.append(given.act_id)

    crew = Crew("test", 1, perform)
    crew.give(act("first"))
    crew.give(act("second"))
    assert begun.wait(WAIT_S)
    closing = threading.Thread(target=crew.close)
    closing.start()
    while not crew._closing:
        pass
    go_on.set()
    closing.join(WAIT_S)
    assert done == ["first"]
