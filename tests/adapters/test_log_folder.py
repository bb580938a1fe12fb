"""The folder of the log's key: it signs one log, and knows what it signed before others do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from allod.adapters import log_folder, witness_folder
from allod.adapters.log_folder import LogFolder
from allod.errors import AllodError, Conflict, InvalidInput, InvalidProof, Unavailable
from allod.prove.canonical import base64
from allod.prove.checkpoint import Checkpoint, open_checkpoint
from allod.prove.cosignature import WitnessKey
from allod.prove.merkle import EMPTY_ROOT
from allod.prove.note import Signer, VerifierKey
from allod.prove.witness import Seen

ORIGIN = "log.tromso.allod.example/fes"
ROOT, OTHER = b"r" * 32, b"o" * 32


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data" / "log"


def point(size: int, root: bytes = ROOT) -> Checkpoint:
    return Checkpoint(ORIGIN, size, root)


def mode(file: Path) -> int:
    return file.stat().st_mode & 0o777


# ------------------------------------------------------------ the key


def test_the_key_is_made_once_and_nobody_else_can_read_it(folder: Path) -> None:
    umask = os.umask(0)
    try:
        made = LogFolder(folder, ORIGIN)
    finally:
        os.umask(umask)
    text = (folder / "key").read_text()
    assert (mode(folder), mode(folder / "key"), mode(folder / "key.pub")) == (0o700, 0o600, 0o644)
    again = LogFolder(folder, ORIGIN)
    assert again.verifier == made.verifier == (folder / "key.pub").read_text().strip()
    assert (folder / "key").read_text() == text
    assert str(Signer.parse(text.strip()).verifier_key) == made.verifier
    assert made.origin == ORIGIN == VerifierKey.parse(made.verifier).name
    assert LogFolder(folder.parent / "another", ORIGIN).verifier != made.verifier


@pytest.mark.parametrize("rights", [0o644, 0o640, 0o604, 0o620, 0o601, 0o777])
def test_a_key_that_is_open_to_others_is_refused(folder: Path, rights: int) -> None:
    LogFolder(folder, ORIGIN)
    (folder / "key").chmod(rights)
    with pytest.raises(InvalidInput, match=rf"key: others can read it \(mode {rights:o}\)") as told:
        LogFolder(folder, ORIGIN)
    assert told.value.mend == "chmod 600 it"
    for enough in (0o600, 0o400):
        (folder / "key").chmod(enough)
        LogFolder(folder, ORIGIN)


def test_the_key_of_another_log_is_refused(folder: Path) -> None:
    LogFolder(folder, "another.example/log")
    with pytest.raises(InvalidInput, match=f"of 'another.example/log'.* this log is '{ORIGIN}'"):
        LogFolder(folder, ORIGIN)


@pytest.mark.parametrize("spoil", ["", "nonsense", "cut", "swapped", "\ud800", "witness"])
def test_a_spoiled_key_is_told_by_its_file_and_not_shown(folder: Path, spoil: str) -> None:
    made = LogFolder(folder, ORIGIN)
    secret = (folder / "key").read_text().strip()
    match spoil:
        case "cut":
            text = secret[:-5]
        case "swapped":  # The secret of another key under this id.
            text = secret[:-20] + ("A" * 19 + "=" if secret[-1] == "=" else "A" * 20)
        case "witness":
            text = made.witness("w").private_text()
        case _:
            text = spoil
    (folder / "key").write_bytes(text.encode(errors="surrogatepass"))
    with pytest.raises(AllodError) as told:
        LogFolder(folder, ORIGIN)
    assert isinstance(told.value, InvalidInput | Unavailable)
    assert str(folder / "key") in str(told.value)
    assert secret[-24:-4] not in str(told.value)


def test_a_folder_that_cannot_be_used_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for taken in (tmp_path / "file", tmp_path / "file" / "log"):
        with pytest.raises(Unavailable, match="file"):
            LogFolder(taken, ORIGIN)
    folder = tmp_path / "log"
    (folder / "key").mkdir(parents=True)
    (folder / "newest").write_text(f"0 {base64(EMPTY_ROOT)}\n")
    with pytest.raises(Unavailable, match="key: cannot be read"):
        LogFolder(folder, ORIGIN)


def test_the_key_of_the_witness_is_its_own(folder: Path) -> None:
    made = LogFolder(folder, ORIGIN)
    witness = made.witness("witness.example")
    assert witness == LogFolder(folder, ORIGIN).witness("witness.example")
    assert mode(folder / "witness-key") == 0o600
    assert isinstance(witness.verifier_key, WitnessKey)
    assert witness.verifier_key.public != VerifierKey.parse(made.verifier).public
    with pytest.raises(InvalidInput, match=r"the key of 'witness\.example'"):
        made.witness("another.example")


# ------------------------------------------------------------ no fork is ever signed


def test_what_is_signed_is_a_checkpoint_and_remembered(folder: Path) -> None:
    key = LogFolder(folder, ORIGIN)
    assert key.newest() == (0, EMPTY_ROOT)
    for size in (0, 16, 16, 4096):
        wanted = point(size, ROOT if size else EMPTY_ROOT)
        found, _ = open_checkpoint(key.sign(wanted), VerifierKey.parse(key.verifier))
        assert found == wanted
        again = LogFolder(folder, ORIGIN)
        assert again.newest() == key.newest() == (size, wanted.root)
        assert again.sign(wanted) == key.sign(wanted)


@pytest.mark.parametrize("restarted", [False, True])
@pytest.mark.parametrize(
    "fork",
    [point(15), point(0), point(16, OTHER), point(15, OTHER), point(31, ROOT[:31] + b"x")],
    ids=str,
)
def test_a_smaller_log_or_another_of_the_same_size_is_not_signed(
    folder: Path, fork: Checkpoint, restarted: bool
) -> None:
    key = LogFolder(folder, ORIGIN)
    key.sign(point(16))
    key.sign(point(32))
    key.sign(point(32))
    if restarted:
        key = LogFolder(folder, ORIGIN)
    before = (folder / "newest").read_bytes()
    for bad in (fork, point(32, OTHER)):
        with pytest.raises(Conflict, match="32 entries of the log were signed before") as told:
            key.sign(bad)
        assert "restored" in told.value.mend and f"Move {folder} aside" in told.value.mend
    assert (folder / "newest").read_bytes() == before
    key.sign(point(48))


def test_the_newest_is_durable_before_there_is_a_note(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = LogFolder(folder, ORIGIN)
    calls: list[str] = []
    sync, rename, sign = os.fsync, Path.rename, Signer.sign

    def synced(descriptor: int) -> None:
        there = Path(f"/proc/self/fd/{descriptor}").readlink()
        calls.append("sync folder" if there == folder else "sync file")
        sync(descriptor)

    def renamed(self: Path, target: Path) -> Path:
        calls.append(f"rename to {target.name}")
        return rename(self, target)

    def signed(self: Signer, text: str) -> str:
        assert (folder / "newest").read_text() == f"16 {base64(ROOT)}\n"
        calls.append("sign")
        return sign(self, text)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "rename", renamed)
    monkeypatch.setattr(Signer, "sign", signed)
    key.sign(point(16))
    assert calls == ["sync file", "rename to newest", "sync folder", "sign"]
    calls.clear()
    key.sign(point(16))
    assert calls == ["sign"]  # It is what the file says already.
    calls.clear()
    # What can be read may have been written just before a power cut, and go with it.
    LogFolder(folder, ORIGIN).sign(point(16))
    assert calls[-4:] == ["sync file", "rename to newest", "sync folder", "sign"]
    assert mode(folder / "newest") == 0o600


@pytest.mark.parametrize("fails", ["sync file", "rename", "sync folder"])
def test_what_may_not_be_remembered_is_not_signed(
    folder: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    key = LogFolder(folder, ORIGIN)
    key.sign(point(16))
    sync, rename = os.fsync, Path.rename

    def synced(descriptor: int) -> None:
        whole = Path(f"/proc/self/fd/{descriptor}").readlink() == folder
        if fails == ("sync folder" if whole else "sync file"):
            raise OSError(28, "No space left on device")
        sync(descriptor)

    def renamed(self: Path, target: Path) -> Path:
        if fails == "rename":
            raise OSError(28, "No space left on device")
        return rename(self, target)

    def signed(self: Signer, text: str) -> str:
        raise AssertionError("signed all the same")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", synced)
        patched.setattr(Path, "rename", renamed)
        patched.setattr(Signer, "sign", signed)
        for _ in range(2):  # Also if it can be read meanwhile: it may not outlive a power cut.
            with pytest.raises(Unavailable, match=r"newest: cannot be written.*No space left"):
                key.sign(point(32))
    kept = 32 if fails == "sync folder" else 16
    for each in (key, LogFolder(folder, ORIGIN)):
        assert each.newest() == (kept, ROOT)
    assert not list(folder.glob(".newest*"))
    with pytest.raises(Conflict):
        key.sign(point(kept, OTHER))
    open_checkpoint(key.sign(point(32)), VerifierKey.parse(key.verifier))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "32",
        f"32 {base64(ROOT)} more",
        f"-1 {base64(ROOT)}",
        f"x {base64(ROOT)}",
        f"32 {base64(ROOT)[:-4]}",
        f"32 {base64(ROOT)[:-2]}!=",
        f"32 {base64(ROOT * 2)}",
        "32 \N{SNOWMAN}",
    ],
)
def test_a_spoiled_newest_is_not_taken_for_none(folder: Path, text: str) -> None:
    """Or whoever spoils the file could have a fork signed."""
    key = LogFolder(folder, ORIGIN)
    key.sign(point(32))
    (folder / "newest").write_text(text, encoding="utf-8")
    attempts: list[Any] = [key.newest, lambda: key.sign(point(32)), lambda: key.sign(point(48))]
    for attempt in attempts:
        with pytest.raises((InvalidInput, InvalidProof, Unavailable), match="newest"):
            attempt()
    assert (folder / "newest").read_text(encoding="utf-8") == text


def test_a_newest_that_cannot_be_read_is_unavailable(folder: Path) -> None:
    key = LogFolder(folder, ORIGIN)
    (folder / "newest").unlink()
    (folder / "newest").mkdir()
    with pytest.raises(Unavailable, match="newest: cannot be read"):
        key.sign(point(16))


def test_a_key_without_what_it_has_signed_is_not_taken_for_a_new_one(folder: Path) -> None:
    """Restored with an older database it would sign a second log."""
    key = LogFolder(folder, ORIGIN)
    key.sign(point(32))
    (folder / "newest").unlink()
    with pytest.raises(InvalidInput, match="there is a key, and not what it has signed") as told:
        LogFolder(folder, ORIGIN)
    assert f"move {folder} aside" in told.value.mend
    with pytest.raises(Unavailable, match="newest: cannot be read"):
        key.sign(point(48))


def test_newest_is_there_before_the_key(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A crash in between must not leave a key that is refused."""
    written: list[str] = []
    write = log_folder._write

    def noted(file: Path, text: str, rights: int) -> None:
        written.append(file.name)
        write(file, text, rights)

    monkeypatch.setattr(log_folder, "_write", noted)
    LogFolder(folder, ORIGIN)
    assert written == ["newest", "key", "key.pub"]


def test_a_witness_keeps_what_it_has_cosigned_beside_its_key(folder: Path) -> None:
    made = LogFolder(folder, ORIGIN)
    made.witness("w.example/w")
    store, again = made.witnessed(), LogFolder(folder, ORIGIN).witnessed()
    assert store.witnessed("a/log") is None
    assert store.witness("a/log", None, Seen(5, ROOT))
    assert not again.witness("a/log", None, Seen(6, OTHER))  # Another request was first.
    assert not again.witness("a/log", Seen(4, ROOT), Seen(6, OTHER))
    assert not again.witness("another", Seen(5, ROOT), Seen(6, OTHER))
    assert again.witnessed("a/log") == Seen(5, ROOT)
    assert again.witness("a/log", Seen(5, ROOT), Seen(8, ROOT))
    assert not store.witness("a/log", Seen(5, ROOT), Seen(8, OTHER))
    assert (store.witnessed("a/log"), store.witnessed("another")) == (Seen(8, ROOT), None)
    (kept,) = (folder / "witnessed").iterdir()
    assert (mode(kept), mode(kept.parent)) == (0o600, 0o700)
    for text in ("", "nonsense", kept.read_text().replace("a/log", "b/log")):
        kept.write_text(text)
        with pytest.raises(InvalidInput, match="no checkpoint of a log"):
            store.witness("a/log", None, Seen(1, ROOT))


def test_a_witness_key_without_what_it_has_cosigned_is_refused(folder: Path) -> None:
    LogFolder(folder, ORIGIN).witness("w.example/w")
    (folder / "witnessed").rmdir()
    with pytest.raises(InvalidInput, match="not what it has cosigned"):
        LogFolder(folder, ORIGIN).witness("w.example/w")


def test_a_full_disk_promises_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = LogFolder(folder, ORIGIN)
    made.witness("w.example/w")
    store = made.witnessed()

    def full(*given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(witness_folder, "write_whole", full)
    with pytest.raises(Unavailable, match=r"cannot be written.*No space left"):
        store.witness("a/log", None, Seen(5, ROOT))
    assert store.witnessed("a/log") is None
