"""Exports: a copy of the sealed log as files, each checked before it is kept.

The checkpoint is the last file to be written, so whoever reads the copy while it grows finds all
that its checkpoint promises, and an export that was cut short is gone on with.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from allod.adapters.whole import write_whole
from allod.cli.client import NodeClient, connect
from allod.cli.log import key_of, proof_between
from allod.cli.output import counting, out, out_json
from allod.errors import Conflict, Different, InvalidInput, InvalidProof
from allod.prove.checkpoint import Checkpoint, open_checkpoint
from allod.prove.merkle import leaf_hash
from allod.prove.note import VerifierKey
from allod.prove.tiles import WIDTH, Tile, TiledLog, bundles_of, read_bundle

_CHECKPOINT, _KEY = "checkpoint", "key"


def perform(data: Path, folder: Path, *, as_json: bool) -> None:
    """Bring the copy in `folder` up to the newest checkpoint of the node's log."""
    with connect(data) as node:
        key = key_of(node)
        before = _before(folder, key)
        # The log has the export before the first byte is written (E1). Not repeated: a lost
        # answer may mean a record without an export, which is better than the other way round.
        said = node.post("/v1/log/exports", repeat=False)
        note = str(said["checkpoint"]).encode()
        point, _ = open_checkpoint(note, key)
        copy = _Copy(node, folder, point)
        if before is not None:
            if before.size > point.size:
                raise Different(
                    f"{folder} has the log at {before.size} entries, and the node has "
                    f"{point.size}: a log never shrinks",
                    mend="keep the folder, it is evidence; ask the operator of the node",
                )
            proof_between(before, point, copy.tiles())
        write_whole(folder / _KEY, f"{key}\n".encode())
        start = before.size if before is not None else 0
        with counting("entries are copied") as told:
            copy.fetch(start, told)
        write_whole(folder / _CHECKPOINT, note)
    if as_json:
        told_ = {"folder": str(folder), "log": point.origin, "size": point.size}
        out_json({**told_, "before": start, "files": copy.files, "key": str(key)})
    else:
        out(
            f"{folder}: the log '{point.origin}' up to {point.size:,} entries, "
            f"{point.size - start:,} of them new"
        )


def _before(folder: Path, key: VerifierKey) -> Checkpoint | None:
    """The checkpoint that an earlier export left; None if none was finished.

    Raises:
        Conflict: The folder holds something else.
    """
    try:
        # A static server may keep settings of its own there.
        there = {path.name for path in folder.iterdir() if not path.name.startswith(".")}
    except FileNotFoundError:
        return None
    if there and _KEY not in there:
        raise Conflict(f"{folder} holds other things", mend="name a new folder")
    if there and (folder / _KEY).read_text(encoding="utf-8").strip() != str(key):
        raise Conflict(
            f"{folder} is a copy of another log than the node's '{key.name}'",
            mend="name a new folder, and publish it at an address of its own",
        )
    if _CHECKPOINT not in there:
        return None
    try:
        return open_checkpoint((folder / _CHECKPOINT).read_bytes(), key)[0]
    except InvalidProof as error:
        raise InvalidInput(f"{folder / _CHECKPOINT}: {error.message}", mend="remove it") from None


class _Copy:
    """The files of a log up to a checkpoint."""

    def __init__(self, node: NodeClient, folder: Path, point: Checkpoint) -> None:
        self.files = 0  #: Written so far.
        self._node, self._folder, self._point = node, folder, point
        self._fetched: dict[Tile, bytes] = {}

    def tiles(self) -> TiledLog:
        """The log; each tile that it gives has been checked."""
        return TiledLog(self._point.size, self._point.root, self._tile)

    def fetch(self, old: int, told: Callable[[int], None]) -> None:
        """Have all files that a copy of `old` entries lacks."""
        log = self.tiles()
        for place in bundles_of(old, self._point.size):
            if place.index % WIDTH == 0:
                log = self.tiles()  # What it has checked it keeps in memory.
            first = place.index * WIDTH
            try:
                hashes = [log.leaf(first + each) for each in range(place.width)]
                data = self._bundle(place, hashes)
            except InvalidProof as error:
                raise Different(
                    f"the node's log is not what it has signed: {error.message}",
                    mend="ask again; if it lasts, tell the operator of the node",
                ) from error
            # Every tile that was read on the way leads to the root.
            for tile, kept in self._fetched.items():
                self._write(tile, kept)
            self._fetched.clear()
            self._write(place, data)
            told(first + place.width)

    def _bundle(self, place: Tile, hashes: list[bytes]) -> bytes:
        """The bundle whose entries have these hashes; one that is there already need not come."""
        with suppress(FileNotFoundError, InvalidProof):
            kept = (self._folder / place.path()).read_bytes()
            if _hashes(kept, place) == hashes:
                return kept
        data = self._get(place)
        if _hashes(data, place) != hashes:
            raise InvalidProof("not-in-log", f"{place.path()} has other entries than the tree")
        return data

    def _tile(self, level: int, index: int, width: int) -> bytes:
        place = Tile(level, index, width)
        if place not in self._fetched:
            self._fetched[place] = self._get(place)
        return self._fetched[place]

    def _get(self, place: Tile) -> bytes:
        return self._node.get_bytes(f"/log/{place.path()}")[0]

    def _write(self, place: Tile, data: bytes) -> None:
        file = self._folder / place.path()
        with suppress(FileNotFoundError):
            if file.read_bytes() == data:
                return
        write_whole(file, data)
        self.files += 1


def _hashes(data: bytes, place: Tile) -> list[bytes]:
    return [leaf_hash(entry) for entry in read_bundle(data, place.width)]
