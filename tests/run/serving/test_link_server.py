"""The node's end of the link, over real sockets: who may come, who is slow, who talks nonsense."""

from __future__ import annotations

import socket
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from allod.run.serving import link
from allod.run.serving.link import LoadTold, ReplicaFailed
from allod.run.serving.link_server import LinkServer
from allod.run.serving.loop import Loop
from allod.run.serving.table import KeyEntry, Table
from tests.run.serving.world import Gateway, load
from tests.run.world import until

EMPTY = Table(
    revision=1,
    made_at_s=0,
    good_for_s=300,
    keys=(),
    services=(),
    sites={},
    rules={},
    files_against={},
)


class Node:
    """Whoever stands behind the link."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / link.SOCKET
        self.line = link.line_of(EMPTY)
        self.told: list[tuple[int, LoadTold]] = []
        self.failed: list[ReplicaFailed] = []
        self.gone: list[int] = []
        self.loop = Loop("link")
        self.loop.start()
        self.server = LinkServer(
            self.path,
            lambda: self.line,
            lambda gateway, told: self.told.append((gateway, told)),
            self.failed.append,
            self.gone.append,
        )
        self.loop.done(self.server.open())

    def show(self, table: Table) -> None:
        self.line = link.line_of(table)
        self.loop.soon(self.server.changed)

    def close(self) -> None:
        self.loop.done(self.server.close())
        self.loop.close()


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    node = Node(tmp_path)
    yield node
    node.close()


def test_each_gateway_hears_each_table_and_is_heard(node: Node) -> None:
    gateways = [Gateway(node.path.parent) for _ in range(2)]
    until(lambda: all(gateway.tables for gateway in gateways))
    assert node.server.gateways == 2
    node.show(replace(EMPTY, revision=2))
    until(lambda: all(gateway.table.revision == 2 for gateway in gateways))
    gateways[0].load(load(in_flight=3))
    until(lambda: any(told.loads and told.loads[0].in_flight == 3 for _, told in node.told))
    gateways[1].failed("w7")
    until(lambda: node.failed == [ReplicaFailed(replica="w7", why="reset")])
    gateways[0].close()
    until(lambda: node.gone == [1])
    gateways[1].close()
    until(lambda: node.server.gateways == 0)


def test_only_its_own_user_may_come(node: Node) -> None:
    assert stat.S_IMODE(node.path.stat().st_mode) == 0o600


def test_who_does_not_read_holds_up_nobody_and_gets_the_newest_then(node: Node) -> None:
    keys = tuple(
        KeyEntry(id=f"k{i}", sha256="0" * 64, project="ours", rule="r") for i in range(1000)
    )
    slow = socket.socket(socket.AF_UNIX)
    slow.connect(str(node.path))
    gateway = Gateway(node.path.parent)
    for revision in range(2, 30):
        node.show(replace(EMPTY, revision=revision, keys=keys))
        until(lambda revision=revision: gateway.tables and gateway.table.revision == revision)
    slow.settimeout(20)
    with slow.makefile("rb") as lines:
        revisions = []
        while not revisions or revisions[-1] < 29:
            message = link.message_of(lines.readline())
            assert isinstance(message, Table)
            revisions.append(message.revision)
    # What lay in the socket, and then the last one: those between were never kept for it.
    assert len(revisions) < 10
    slow.close()
    gateway.close()


@pytest.mark.parametrize(
    "line",
    [b"nonsense\n", b'{"kind":"LoadTold"}\n', b'{"kind":"ReplicaFailed","x":1}\n', b"[]\n"],
)
def test_nonsense_ends_that_connection_alone(node: Node, line: bytes) -> None:
    gateway = Gateway(node.path.parent)
    other = socket.socket(socket.AF_UNIX)
    other.connect(str(node.path))
    other.sendall(line)
    until(lambda: node.gone == [2])
    with suppress(ConnectionError):
        while other.recv(1 << 16):
            pass
    other.close()
    node.show(replace(EMPTY, revision=2))
    until(lambda: gateway.tables and gateway.table.revision == 2)
    gateway.close()


def test_a_deep_folder_has_a_socket_too(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    deep.mkdir()
    node = Node(deep)
    gateway = Gateway(deep)
    until(lambda: gateway.tables)
    gateway.close()
    node.close()
    assert not node.path.exists()
