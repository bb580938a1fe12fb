"""The sealed log as a reader sees it who trusts nobody: key, checkpoints, consistency."""

from __future__ import annotations

from pathlib import Path

from allod.adapters.whole import write_whole
from allod.cli.client import NodeClient, connect
from allod.cli.output import note, out, out_bytes, out_json
from allod.errors import Different, InvalidInput, InvalidProof
from allod.prove.canonical import base64
from allod.prove.checkpoint import Checkpoint, open_checkpoint
from allod.prove.command import FILE_BYTES_MAX
from allod.prove.merkle import verify_consistency
from allod.prove.note import VerifierKey, read_note
from allod.prove.proof import HEADER
from allod.prove.receipt import parse
from allod.prove.tiles import Tile, TiledLog
from allod.prove.witness import format_consistency, read_consistency


def key_of(node: NodeClient) -> VerifierKey:
    """The key of the node's log, as the node says."""
    return VerifierKey.parse(node.get_bytes("/log/key")[0].decode(errors="replace").strip())


def show_key(data: Path, *, as_json: bool) -> None:
    """Print the key of the log."""
    with connect(data) as node:
        key = str(key_of(node))
    if as_json:
        out_json({"key": key})
    else:
        out(key)


def rotate_key(data: Path, output: Path, *, as_json: bool) -> None:
    """Have another key sign, write the receipt of that, and print the new key."""
    with connect(data) as node:
        rotated = node.post("/v1/log/key", repeat=False)
    write_whole(output, rotated["receipt"].encode())
    if as_json:
        out_json({"key": rotated["key"], "receipt": str(output)})
    else:
        out(rotated["key"])
        note(f"{output} tells it to whoever trusts the old key: allod verify {output} --key OLDKEY")


def show_witness_key(data: Path, *, as_json: bool) -> None:
    """Print the key with which the node cosigns the logs of others."""
    with connect(data) as node:
        key = node.get_bytes("/witness/key")[0].decode(errors="replace").strip()
    if as_json:
        out_json({"key": key})
    else:
        out(key)


def show_checkpoint(data: Path, *, as_json: bool) -> None:
    """Print the newest checkpoint, byte for byte."""
    with connect(data) as node:
        note = node.get_bytes("/log/checkpoint")[0]
    if not as_json:
        out_bytes(note)
        return
    point = Checkpoint.parse(read_note(note)[0])
    told = {"log": point.origin, "size": point.size, "root": base64(point.root)}
    out_json({**told, "checkpoint": note.decode()})


def show_consistency(data: Path, known: Path, file: Path, *, as_json: bool) -> None:
    """Print the checkpoint in `known` after the proof that the one in `file` is of its log."""
    with connect(data) as node:
        key = key_of(node)
        note = _note_in(known)
        mine, theirs = _opened(known, note, key), _opened(file, _note_in(file), key)
        old, new = sorted((mine, theirs), key=_size)

        def read(level: int, index: int, width: int) -> bytes:
            return node.get_bytes(f"/log/{Tile(level, index, width).path()}")[0]

        proof = proof_between(old, new, TiledLog(new.size, new.root, read))
    text = format_consistency(old.size, proof) + note
    if as_json:
        hashes = [base64(item) for item in proof]
        out_json({"old": old.size, "new": new.size, "proof": hashes, "known": text.decode()})
    else:
        out_bytes(text)


def proof_between(old: Checkpoint, new: Checkpoint, log: TiledLog) -> list[bytes]:
    """The proof that `new`, of which `log` has the tiles, goes on from `old`.

    Raises:
        Different: It does not: two logs were signed with one key.
    """
    why = "it does not begin with that"
    try:
        proof = log.consistency(old.size) if 0 < old.size < new.size else []
        if verify_consistency(old.size, new.size, proof, old.root, new.root):
            return proof
    except InvalidProof as error:
        why = error.message
    raise Different(
        f"the log '{new.origin}' at {new.size} entries does not go on from the one at {old.size}: "
        f"{why}",
        mend="keep both checkpoints: if both are signed, they are evidence of a fork",
    )


def _note_in(file: Path) -> bytes:
    """The signed checkpoint in a file: a receipt's, or one that was kept, with a proof or not."""
    with file.open("rb") as opened:
        data = opened.read(FILE_BYTES_MAX)
    if data.startswith(HEADER):
        return parse(data)[-1].note
    return read_consistency(data)[2] if data.startswith(b"old ") else data


def _opened(file: Path, note: bytes, key: VerifierKey) -> Checkpoint:
    try:
        return open_checkpoint(note, key)[0]
    except InvalidProof as error:
        raise InvalidInput(f"{file}: {error.message}", mend=error.mend) from None


def _size(point: Checkpoint) -> int:
    return point.size
