"""A section: all that the log says from its first entry up to a published checkpoint, in the open.

A file of canonical JSON lines. The first is the signed checkpoint; then for each page the number of
its leaves with the leaf hashes of its padding, followed by a line for each leaf:

    {"checkpoint":"<signed note>","v":1}
    {"leaves":3,"padding":["<hash>",...]}
    {"body":{...},"hash":"<leaf hash>","kind":"event/WorkloadSubmitted","secret":"<32 bytes>"}
    {"body":{...},"hash":"<leaf hash>","kind":"decision/Placement"}
    {"entry":"<the entry>"}

A subject's secret stands at the first of its leaves alone. Of an erased leaf only the entry is
left. `hash` proves nothing, but tells a leaf that was changed on the way from one that was never in
the log.

The secrets of the section also open what the log says later of the same subjects, the node itself
among them, to whoever guesses it right: a section is for those who may read the log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from allod.errors import Unavailable
from allod.prove.canonical import base64
from allod.prove.merkle import HASH_BYTES
from allod.prove.tiles import WIDTH
from allod.run.log import Leaf, Log
from allod.run.pagehash import fields_in, subject_of
from allod.run.records import SectionDisclosed, canonical_fast, is_erased
from allod.run.requests import Turn
from allod.run.seal import Page, SealStore, Signed
from allod.run.sealed import SealedLog

VERSION = 1
_BATCH_ENTRIES = 4096  #: At a time in memory, beside what else the last page among them holds.


@dataclass(frozen=True, slots=True)
class DiscloseSection:
    """The first `size` entries of the log are to be disclosed."""

    size: int
    actor: str

    def decide(self, turn: Turn) -> Callable[[], None]:
        """See `Request.decide`."""
        turn.note(SectionDisclosed(at_s=turn.at_s, size=self.size, actor=self.actor))
        return lambda: None


def section(signed: Signed, store: SealStore, log: Log) -> Iterator[bytes]:
    """The section up to the checkpoint `signed`, some lines at a time.

    Raises:
        Unavailable: The log cannot be read now.
    """
    yield _line({"checkpoint": signed.note.decode(), "v": VERSION})
    given: set[str] = set()
    start = 0
    while start < signed.size:
        pages = store.pages(start, min(start + _BATCH_ENTRIES, signed.size))
        end = _end(pages[-1])
        leaves, secrets, erased = _opened(pages, end, store, log)
        hashes = _hashes(SealedLog(store, log), start, end, signed.size)
        for page in pages:
            lines = [_page_line(page, hashes, start)]
            for place in range(page.leaves):
                leaf = leaves[page.first_seq - pages[0].first_seq + place]
                index = page.first_index + place
                if is_erased(leaf):
                    lines.append(_line({"entry": erased[index].decode()}))
                    continue
                body = fields_in(leaf.body)
                subject = subject_of(body)
                told = b"" if subject in given else _told_secret(secrets[subject])
                given.add(subject)
                lines.append(_leaf_line(leaf, hashes[index - start], told))
            yield b"".join(lines)
        start = end


def _end(page: Page) -> int:
    return page.first_index + page.leaves + page.padding


def _opened(
    pages: Sequence[Page], end: int, store: SealStore, log: Log
) -> tuple[list[Leaf], dict[str, bytes], dict[int, bytes]]:
    """The leaves of `pages`, their secrets, and the entries of those that were erased."""
    count = sum(page.leaves for page in pages)
    for _ in range(3):  # What is erased between two reads is found erased by the next.
        leaves = list(log.read(pages[0].first_seq, count)) if count else []
        subjects = {subject_of(fields_in(leaf.body)) for leaf in leaves if not is_erased(leaf)}
        secrets = store.secrets(sorted(subjects))
        erased = store.erased_entries(pages[0].first_index, end)
        if len(leaves) == count and subjects <= secrets.keys():
            return leaves, secrets, erased
    raise Unavailable("the log is being erased as it is read", mend="ask again")


def _hashes(sealed: SealedLog, start: int, end: int, size: int) -> list[bytes]:
    """The leaf hashes of the entries `start` to `end`, as the tiles have them."""
    data = b"".join(
        sealed.tile(0, index, min(WIDTH, size - index * WIDTH), size)
        for index in range(start // WIDTH, -(-end // WIDTH))
    )
    skip = start % WIDTH
    return [data[at * HASH_BYTES : (at + 1) * HASH_BYTES] for at in range(skip, skip + end - start)]


def _page_line(page: Page, hashes: Sequence[bytes], start: int) -> bytes:
    padding = range(page.first_index + page.leaves - start, _end(page) - start)
    return _line({"leaves": page.leaves, "padding": [base64(hashes[at]) for at in padding]})


def _leaf_line(leaf: Leaf, hash_: bytes, secret: bytes) -> bytes:
    """The line of a leaf; its body, which is canonical, is taken as it is."""
    return b'{"body":%b,"hash":"%b","kind":%b%b}\n' % (
        leaf.body,
        base64(hash_).encode(),
        canonical_fast(leaf.kind),
        secret,
    )


def _told_secret(secret: bytes) -> bytes:
    return b',"secret":"%b"' % base64(secret).encode()


def _line(value: dict[str, object]) -> bytes:
    return canonical_fast(value) + b"\n"
