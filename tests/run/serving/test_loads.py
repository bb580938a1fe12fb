"""Loads of several gateways as one, also when one of them goes or nobody says anything."""

from __future__ import annotations

from allod.decide.scaling import Calls
from allod.run.serving.link import LoadTold
from allod.run.serving.loads import UNHEARD_S, Loads
from tests.run.serving.world import load


class Hand:
    """A clock to turn."""

    at_s = 0.0

    def __call__(self) -> float:
        return self.at_s


def test_gateways_are_summed_and_what_arrived_never_falls() -> None:
    loads = Loads(Hand())
    loads.told(1, LoadTold(loads=(load(in_flight=2, waiting=1, arrived=9, w1=2),)))
    loads.told(2, LoadTold(loads=(load(in_flight=1, arrived=4, w1=1), load("other", arrived=5))))
    assert loads.calls("chat", "here") == Calls(in_flight=3, waiting=1, arrived=13)
    assert loads.in_flight("w1") == 3
    loads.gone(1)
    assert loads.calls("chat", "here") == Calls(in_flight=1, waiting=0, arrived=13)
    assert loads.calls("chat", "there") == Calls()


def test_nobody_knows_while_a_gateway_may_still_answer_calls() -> None:
    clock = Hand()
    loads = Loads(clock)
    assert loads.calls("chat", "here") is None
    loads.told(1, LoadTold(loads=()))
    assert loads.calls("chat", "here") == Calls()
    clock.at_s = 10.0
    loads.told(1, LoadTold(loads=(load(arrived=2),)))
    loads.gone(1)
    clock.at_s = 9.0 + UNHEARD_S
    assert loads.calls("chat", "here") is None
    clock.at_s = 10.0 + UNHEARD_S
    assert loads.calls("chat", "here") == Calls(arrived=2)


def test_a_drain_is_over_only_when_every_gateway_has_spoken_since() -> None:
    clock = Hand()
    loads = Loads(clock)
    assert loads.all_told_since(0.0)
    loads.told(1, LoadTold(loads=()))
    clock.at_s = 2.0
    loads.told(2, LoadTold(loads=()))
    assert not loads.all_told_since(1.0)
    loads.told(1, LoadTold(loads=()))
    assert loads.all_told_since(1.0)
