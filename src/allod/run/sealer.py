"""The sealer: one thread that makes the log a Merkle tree and publishes signed checkpoints.

Every fifth of a second what has become durable is added as a page, padded so that its size says
little; at a fixed cadence a checkpoint is published, also if nothing has happened. After any error
the tree is taken from the store again: what is there is true, whatever was answered.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence

import orjson

from allod.errors import AllodError, Conflict
from allod.prove.checkpoint import Checkpoint
from allod.prove.growth import Growth
from allod.prove.leaf import SECRET_BYTES
from allod.run.clock import Clock
from allod.run.feed import Feed
from allod.run.log import Leaf
from allod.run.pagehash import OF_PADDING, page_hashes, subject_of
from allod.run.seal import (
    LogKey,
    Page,
    PageHashes,
    SealedTo,
    SealStore,
    Signed,
)
from allod.run.sealed import root_at

_log = logging.getLogger(__name__)

PAGE_ENTRIES = 16  #: The size of a page is a multiple of it.
BATCH_S = 0.2
_MOST_LEAVES = 4096  #: In one page.
_SECRETS_KEPT = 50_000
_BACKOFF_S = 1.0


class Sealer:
    """Seals and publishes; what is published is read with `published`."""

    def __init__(
        self,
        feed: Feed,
        store: SealStore,
        key: LogKey,
        clock: Clock,
        random: Callable[[int], bytes],
        cadence_s: int,
        hashes: PageHashes = page_hashes,
    ) -> None:
        self._feed, self._store, self._key, self._clock = feed, store, key, clock
        self._random, self._cadence_s, self._hashes = random, cadence_s, hashes
        self._growth: Growth | None = None  #: None: to be taken from the store.
        self._seq = 0
        self._secrets: OrderedDict[str, bytes] = OrderedDict()
        self._forget = threading.Event()
        self._published: Signed | None = None
        self._fault = ""
        self._closing = threading.Event()
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="sealer", daemon=True)
        #: Called with each checkpoint that was published, in the sealer's thread.
        self.on_published: Callable[[Signed], None] = lambda signed: None
        #: Whether enough witnesses have cosigned a checkpoint.
        self.enough: Callable[[Signed], bool] = lambda signed: True
        self._witnessed: Signed | None = None  #: The newest that enough have cosigned.

    @property
    def published(self) -> Signed | None:
        """The newest published checkpoint."""
        return self._published

    @property
    def witnessed(self) -> Signed | None:
        """The newest of this life that enough witnesses have cosigned."""
        return self._witnessed

    @property
    def fault(self) -> str:
        """Why nothing is sealed or signed now, or ''."""
        return self._fault

    def start(self) -> None:
        """Begin to seal."""
        self._thread.start()

    def close(self) -> None:
        """Seal what is durable, if that can be done now, and end."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join()

    def wait_sealed(self, seq: int, timeout_s: float) -> None:
        """Return once the leaf `seq` is sealed, or after that time."""
        with self._changed:
            self._changed.wait_for(lambda: self._seq > seq, timeout_s)

    def wait_published(self, size: int, timeout_s: float) -> Signed | None:
        """The newest checkpoint once it has at least `size` entries; None if that takes longer."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._published is not None and self._published.size >= size, timeout_s
            )
        found = self._published
        return found if found is not None and found.size >= size else None

    def wait_witnessed(self, size: int, timeout_s: float) -> Signed | None:
        """The newest checkpoint that enough have cosigned, as `wait_published`."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._witnessed is not None and self._witnessed.size >= size, timeout_s
            )
        found = self._witnessed
        return found if found is not None and found.size >= size else None

    def _run(self) -> None:
        try:
            self._live()
        except BaseException:
            # A mistake of ours: nothing more may be signed, and nobody is to wait in vain.
            self._fault = "the sealer has stopped: an internal error, see the node's output"
            raise

    def _live(self) -> None:
        due_s = self._clock.now_s()
        while True:
            closing = self._closing.wait(BATCH_S)
            try:
                self.seal()
                if closing or self._clock.now_s() >= due_s:
                    at_s = self.publish().at_s
                    # At multiples of the cadence, whenever the node was started.
                    due_s = (at_s // self._cadence_s + 1) * self._cadence_s
                self._fault = ""
            except AllodError as error:
                self._growth = None
                if self._fault != str(error):
                    _log.warning("the log is not sealed: %s", error)
                self._fault = str(error)
                closing = closing or self._closing.wait(_BACKOFF_S)
            if closing:
                return

    # ------------------------------------------------------------ sealing

    def seal(self) -> int:
        """Add all leaves that are durable; the size of the tree."""
        growth = self._growth or self._begin()
        while self._feed.next_seq > self._seq:
            leaves = self._feed.after(self._seq - 1, _MOST_LEAVES, 0.0)
            if not leaves:
                break
            self._add(growth, leaves)
        return growth.size

    def _begin(self) -> Growth:
        """The tree as the store has it."""
        newest = self._key.newest()  # Before the tree, which then has at least as many entries.
        sealed = self._store.sealed_to()
        self._secrets.clear()
        growth = Growth(sealed.size, sealed.edge)
        if root_at(self._store, growth, newest[0]) != newest[1]:
            raise Conflict(
                f"this log has not the {newest[0]} entries that were signed before",
                mend="was the database restored from a backup? Move the folder 'log' of the node's "
                "data aside: it goes on as a new log, under a new key",
            )
        # Another node may have published meanwhile, or this one without hearing the answer.
        latest = self._store.checkpoint_latest()
        if latest is not None and (self._published is None or self._published.size < latest.size):
            self._published = latest
        self._growth, self._seq = growth, sealed.seq
        return growth

    def _add(self, growth: Growth, leaves: Sequence[Leaf]) -> None:
        """One page: `leaves` and their padding."""
        padding = -len(leaves) % PAGE_ENTRIES if leaves else PAGE_ENTRIES
        subjects = [subject_of(orjson.loads(leaf.body)) for leaf in leaves]
        secrets, new = self._need({*subjects, OF_PADDING})
        first = growth.size
        items = [
            (secrets[subject], leaf.kind, leaf.body)
            for leaf, subject in zip(leaves, subjects, strict=True)
        ]
        hashes = self._hashes(first, items, secrets[OF_PADDING], padding)
        # Until it is known to be kept the tree is not believed, so that an error takes it anew.
        self._growth = None
        tiles = growth.extend(hashes)
        seq = leaves[-1].seq + 1 if leaves else self._seq
        page = Page(first, self._seq, len(leaves), padding)
        self._store.seal(first, SealedTo(growth.size, seq, growth.edge), page, tiles, new)
        with self._changed:
            self._growth, self._seq = growth, seq
            self._changed.notify_all()

    def _need(self, subjects: set[str]) -> tuple[dict[str, bytes], dict[str, bytes]]:
        """The secrets of `subjects`, and those of them that are new."""
        if self._forget.is_set():  # Here, for only this thread touches what is at hand.
            self._forget.clear()
            self._secrets.clear()
        missing = sorted(subject for subject in subjects if subject not in self._secrets)
        known = self._store.secrets(missing)
        new = {name: self._random(SECRET_BYTES) for name in missing if name not in known}
        for name in subjects & self._secrets.keys():
            self._secrets.move_to_end(name)
        self._secrets.update(known | new)
        needed = {name: self._secrets[name] for name in subjects}
        while len(self._secrets) > _SECRETS_KEPT + len(subjects):
            self._secrets.popitem(last=False)
        return needed, new

    def forget_secrets(self) -> None:
        """Have no secret at hand that was destroyed."""
        self._forget.set()

    # ------------------------------------------------------------ publishing

    def publish(self) -> Signed:
        """Sign the tree as it is kept, grown by padding if nothing else has come, and show it."""
        growth = self._growth or self._begin()
        if self._published is not None and self._published.size == growth.size:
            self._add(growth, ())
        checkpoint = Checkpoint(self._key.origin, growth.size, growth.root())
        signed = Signed(growth.size, self._clock.now_s(), self._key.sign(checkpoint))
        self._store.checkpoint_put(signed)
        with self._changed:
            self._published = signed
            self._changed.notify_all()
        self.on_published(signed)
        return signed

    def cosigned(self, signed: Signed) -> None:
        """Show `signed`, to which cosignatures have come, in place of the same without."""
        self._store.checkpoint_put(signed)
        enough = self.enough(signed)
        with self._changed:
            if self._published is not None and self._published.size == signed.size:
                self._published = signed
            if enough and (self._witnessed is None or self._witnessed.size <= signed.size):
                self._witnessed = signed
            self._changed.notify_all()
