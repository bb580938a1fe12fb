"""Who starts the desk, and when; what a node finds of the one before."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from allod.adapters.address_file import Address
from allod.config import Config, read_config
from allod.gateway.keeper import Keeper, end_desk
from allod.gateway.place import GatewayPlace
from tests.gateway.desk.surroundings import PATIENCE_S, until


@pytest.fixture
def place(tmp_path: Path) -> Iterator[GatewayPlace]:
    found = GatewayPlace(tmp_path)
    yield found
    end_desk(found)


def config(place: GatewayPlace, **given: Any) -> Config:
    # A database that nobody has: a desk goes on without one.
    return read_config(
        place.data, gateway_port=0, database="postgresql://127.0.0.1:1/none", **given
    )


@contextmanager
def kept(place: GatewayPlace, has_services: bool = True, **given: Any) -> Iterator[Keeper]:
    keeper = Keeper(config(place, **given), lambda: has_services)
    keeper.start()
    yield keeper
    keeper.close()


def test_a_desk_is_there_once_there_is_a_service_and_outlives_the_node(
    place: GatewayPlace,
) -> None:
    with kept(place, has_services=False):
        assert not place.is_held()
    with kept(place):
        pid = place.holder()
        assert pid is not None
    with kept(place, has_services=False, gateway="on"):
        assert place.holder() == pid
        os.kill(pid, signal.SIGKILL)
        until(lambda: place.holder() not in (None, pid), "another is started")
        assert end_desk(place)
    assert place.address() is None
    assert not end_desk(place)


def test_a_desk_that_was_asked_to_end_is_not_started_again_by_the_same_node(
    place: GatewayPlace,
) -> None:
    with kept(place) as keeper:
        end_desk(place)
        assert keeper._check()
        assert not place.is_held()
    with kept(place):
        assert place.is_held()


def test_one_of_another_version_is_replaced_and_off_means_none(place: GatewayPlace) -> None:
    with kept(place):
        pid, address = place.holder(), place.address()
    assert pid is not None and address is not None
    place.write_address(Address(url=address.url, pid=pid, version="0.0.1"))
    with kept(place):
        assert place.holder() not in (None, pid)
    with kept(place, gateway="off"):
        assert not place.is_held()


def test_a_desk_that_is_asked_to_end_while_it_begins_has_ended(place: GatewayPlace) -> None:
    """It waits for the port of the one before, and nobody is to start another."""
    with socket.create_server(("127.0.0.1", 0)) as held:
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        place.make()
        place.write_address(Address(url=url, pid=1, version="0"))
        desk = subprocess.Popen(
            [sys.executable, "-m", "allod.gateway.desk", "--data", str(place.data)],
            env=os.environ | {"ALLOD_DATABASE": "postgresql://127.0.0.1:1/none"},
        )
        until(place.is_held, "it has begun")
        assert end_desk(place)
        assert desk.wait(PATIENCE_S) == 0
    assert place.was_asked_to_end()
    assert place.address() is None
