"""The log as a Merkle tree: sealing, proofs and receipts at a million leaves.

- sealing: a million entries, from their bytes to full tiles and root in PostgreSQL, in pages of
  4,096 as a node seals what has waited; each page is one transaction, on the disk when it returns.
  The entries have the form of all entries, sixteen digests, made of random bytes: they are made to
  look so.
- blinding: what comes before, records into entries, of one core. `the sealer, whole` is both, with
  the leaves read from the log in PostgreSQL.
- proofs from memory: every node of the tree is held. From PostgreSQL: as a node answers, with two
  questions each, for the tree's edge and for tiles; what it has hashed of upper tiles it keeps.
- a receipt: a placement with three cosignatures, by a policy that wants all three.

Each part runs in a process of its own, whose memory is counted. pymerkle, if it is there, takes
the same entries in memory; it is GPL and no part of Allod.
"""

from __future__ import annotations

import os
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

import psycopg
import psycopg.conninfo

from allod.adapters.postgres import EmbeddedServer, Store
from allod.adapters.postgres.seals import Seals
from allod.bootstrap import SystemClock
from allod.domain.decision import Placement, Reason, Step
from allod.domain.event import WorkloadSubmitted
from allod.prove import receipt
from allod.prove.canonical import base64url
from allod.prove.checkpoint import Checkpoint
from allod.prove.cosignature import WitnessKey, WitnessSigner
from allod.prove.growth import Growth
from allod.prove.leaf import PLACES, entry_of, seal, sealed_hash
from allod.prove.merkle import EMPTY_ROOT, HASH_BYTES, Tree, leaf_hash
from allod.prove.note import Signer, note_of
from allod.prove.policy import Policy
from allod.prove.verify import verify
from allod.run.evidence import SHOWN
from allod.run.feed import Feed
from allod.run.log import Leaf, ViewChange
from allod.run.pagehash import fields_in, written
from allod.run.records import leaf_of
from allod.run.seal import Page, SealedTo
from allod.run.sealed import SealedLog
from allod.run.sealer import Sealer
from bench.figures import Figure, command, percentile

LEAVES: Final = 1_000_000
PAGE: Final = 4_096
BLINDED: Final = 100_000  #: Leaves that go the whole way.
PROOFS: Final = 2_000
PEER_PROOFS: Final = 20
START_S: Final = 1_767_225_600
ORIGIN: Final = "log.tromso.allod.example/fes"
SECRET: Final = b"secret".ljust(32)


# ------------------------------------------------------------ what is sealed


def pages() -> Iterator[list[bytes]]:
    """A million entries, always the same, page by page."""
    dice = random.Random(6962)
    for start in range(0, LEAVES, PAGE):
        yield [_entry(dice) for _ in range(min(PAGE, LEAVES - start))]


def _entry(dice: random.Random) -> bytes:
    # 43 letters are 32 bytes and a third; one stream of letters is cut, to be quick.
    letters = base64url(dice.randbytes(33 * PLACES))
    return entry_of([letters[44 * place : 44 * place + 43] for place in range(PLACES)])


def leaves(count: int) -> list[Leaf]:
    """Submissions and placements as a node's log has them, of some 600 bytes each."""
    return [leaf_of(_record(seq), seq) for seq in range(count)]


def _record(seq: int) -> Any:
    workload_id, at_s = f"w{seq // 2}", START_S + seq // 40
    if seq % 2 == 0:
        spec = {
            "project": f"project-{seq % 97}",
            "accelerators": 8 << seq % 4,
            "accelerator": "gb300",
            "wall_time_s": 3_600 * (1 + seq % 48),
            "class": "national",
            "datasets": ["health-records-2025", "base-model"],
            "container": "registry.example/ai/trainer@sha256:" + "0123456789abcdef" * 4,
            "command": ["torchrun", "--nnodes=4", "train.py", "--config", "/etc/run/7b.yaml"],
            "environment": {"NCCL_DEBUG": "WARN", "HF_HOME": "/scratch/models", "SEED": str(seq)},
            "labels": {"team": "language", "cost-centre": "4711", "paper": "neurips-2026"},
            "notice": {"signal": "USR1", "seconds": 120, "checkpoint": "/scratch/run/7b/last.ckpt"},
        }
        return WorkloadSubmitted(
            at_s=at_s, workload_id=workload_id, name="train-7b", workload=spec, actor="someone"
        )
    reason = Reason(
        site="tromso-1",
        step=Step.LAW,
        code="operator-control",
        message="the operator's owner is declared to be under Norwegian law",
        origin="party sigma2, declared 2026-01-05",
        needed="an operator under the law of NO, MA or the EU",
        actual="NO",
    )
    return Placement(
        at_s=at_s, workload_id=workload_id, run=1, site="tromso-1", pool="gb300",
        access_class="national", accelerators=32, nodes=((17, 8), (18, 8), (19, 8), (20, 8)),
        power_w=48_000, ends_at_s=at_s + 86_400, lent=True, notice_s=300, reasons=(reason,),
    )  # fmt: skip


# ------------------------------------------------------------ memory and time


def alone(part: Callable[..., Any], *given: str) -> Any:
    """What `part` returns in a process of its own."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(part, *given).result()


def _memory_mb(name: str) -> float:
    """VmRSS or VmHWM (its peak) of this process."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise OSError(f"this system does not tell {name}")


def seconds_each(ask: Callable[[int], object], asked: list[int]) -> list[float]:
    """How long each question takes."""
    spent = []
    for item in asked:
        began_s = time.perf_counter()
        ask(item)
        spent.append(time.perf_counter() - began_s)
    return spent


def asked_of(size: int, count: int = PROOFS) -> list[int]:
    """Leaves, or older sizes, that are asked for."""
    dice = random.Random(9162)
    return [dice.randrange(1, size) for _ in range(count)]


@dataclass(frozen=True, slots=True)
class Built:
    """A tree that was built, and the proofs that were asked of it."""

    seconds: float
    peak_mb: float  #: Beyond what the process had before.
    inclusions_s: list[float]
    consistencies_s: list[float]
    parts_s: tuple[float, float, float] = (0, 0, 0)  #: Leaf hashes, tree, database.
    processor_s: float = 0  #: What this process had of its core, which others may want too.


# ------------------------------------------------------------ the parts


def in_database(url: str) -> Built:
    """Seal a million entries, durably, and prove from what is kept."""
    seals, growth = Seals(url), Growth()
    before_mb = _memory_mb("VmRSS")
    hashing_s = growing_s = keeping_s = processor_s = 0.0
    for entries in pages():
        processor_s -= time.process_time()
        began_s = time.perf_counter()
        hashes = b"".join(map(leaf_hash, entries))
        hashed_s = time.perf_counter()
        first = growth.size
        tiles = growth.extend(hashes)
        grown_s = time.perf_counter()
        page = Page(first, first, len(entries), 0)
        seals.seal(first, SealedTo(growth.size, growth.size, growth.edge), page, tiles, {})
        ended_s = time.perf_counter()
        processor_s += time.process_time()
        hashing_s += hashed_s - began_s
        growing_s += grown_s - hashed_s
        keeping_s += ended_s - grown_s
    began_s = time.perf_counter()
    growth.root()
    parts_s = (hashing_s, growing_s + time.perf_counter() - began_s, keeping_s)
    peak_mb = _memory_mb("VmHWM") - before_mb
    with Store.open(url) as store:
        log, asked = SealedLog(seals, store), asked_of(LEAVES)
        inclusions_s = seconds_each(lambda index: log.inclusion(index, LEAVES), asked)
        consistencies_s = seconds_each(lambda old: log.consistency(old, LEAVES), asked)
    seals.close()
    return Built(sum(parts_s), peak_mb, inclusions_s, consistencies_s, parts_s, processor_s)


def in_memory() -> Built:
    """The same tree with every node in memory."""
    tree = Tree()
    before_mb = _memory_mb("VmRSS")
    seconds = 0.0
    for entries in pages():
        began_s = time.perf_counter()
        tree.extend(b"".join(map(leaf_hash, entries)))
        seconds += time.perf_counter() - began_s
    peak_mb, asked = _memory_mb("VmHWM") - before_mb, asked_of(LEAVES)
    inclusions_s = seconds_each(tree.inclusion, asked)
    return Built(seconds, peak_mb, inclusions_s, seconds_each(tree.consistency, asked))


def by_peer() -> Built:
    """The same entries in pymerkle's tree in memory."""
    tree = import_module("pymerkle").InmemoryTree(algorithm="sha256")
    before_mb = _memory_mb("VmRSS")
    seconds = 0.0
    for entries in pages():
        began_s = time.perf_counter()
        for entry in entries:
            tree.append_entry(entry)
        seconds += time.perf_counter() - began_s
    peak_mb, asked = _memory_mb("VmHWM") - before_mb, asked_of(LEAVES, PEER_PROOFS)
    inclusions_s = seconds_each(lambda index: tree.prove_inclusion(index, LEAVES), asked)
    return Built(
        seconds,
        peak_mb,
        inclusions_s,
        seconds_each(lambda old: tree.prove_consistency(old, LEAVES), asked),
    )


def blinding_us() -> tuple[float, float]:
    """Microseconds that blinding takes for each leaf, and the mean length of a body."""
    told = leaves(20_000)
    began_s = time.perf_counter()
    for leaf in told:
        sealed_hash(SECRET, leaf.seq, leaf.kind, written(fields_in(leaf.body)))
    blinded_s = time.perf_counter() - began_s
    entries = [bytes(len(seal(SECRET, 0, told[0].kind, fields_in(told[0].body)).entry))] * len(told)
    began_s = time.perf_counter()
    for entry in entries:  # It is counted with sealing.
        leaf_hash(entry)
    hashed_s = time.perf_counter() - began_s
    mean = statistics.mean(len(leaf.body) for leaf in told)
    return 1e6 * (blinded_s - hashed_s) / len(told), mean


class _Unsigned:
    """A key that is never asked to sign."""

    origin, verifier = ORIGIN, ""

    def newest(self) -> tuple[int, bytes]:
        """None was signed."""
        return 0, EMPTY_ROOT

    def rotate_begin(self) -> tuple[str, str]:
        """Not asked for here."""
        raise AssertionError

    def rotate_end(self) -> None:
        """Not asked for here."""
        raise AssertionError

    def sign(self, checkpoint: Checkpoint) -> bytes:
        """Not asked for here."""
        raise AssertionError


def whole_sealer(url: str) -> float:
    """Leaves per second of a node that seals a log that has waited."""
    with Store.open(url) as store:
        told = leaves(BLINDED)
        for start in range(0, BLINDED, PAGE):
            store.append(told[start : start + PAGE], ViewChange())
        feed, seals = Feed(store), Seals(url)
        feed.begin(BLINDED)
        sealer = Sealer(feed, seals, _Unsigned(), SystemClock(), os.urandom, 60)
        began_s = time.perf_counter()
        sealer.seal()
        seconds = time.perf_counter() - began_s
        assert seals.sealed_to().seq == BLINDED
        seals.close()
    return BLINDED / seconds


def receipt_of_three() -> tuple[int, list[float]]:
    """Bytes of a receipt with three witnesses at a million leaves, and seconds of verifying it."""
    log = Signer(ORIGIN, b"log".ljust(32))
    witnesses = [WitnessSigner(f"witness.{n}.example", n.encode().ljust(32)) for n in "abc"]
    leaf = leaves(2)[1]
    sealed = seal(SECRET, 1, leaf.kind, fields_in(leaf.body))
    tree = Tree(os.urandom(HASH_BYTES) + leaf_hash(sealed.entry))
    tree.extend(os.urandom(HASH_BYTES * (LEAVES - 2)))
    text = Checkpoint(ORIGIN, LEAVES, tree.root()).text()
    lines = [log.sign(text), *(witness.cosign(text, leaf.at_s + 9) for witness in witnesses)]
    note = note_of(text, lines).encode()
    opened = {item.name for item in sealed.disclosures} & set(SHOWN)
    data = receipt.text([receipt.make(1, tree.inclusion(1), note, sealed, opened)])
    keys = [WitnessKey(each.name, each.verifier_key.public) for each in witnesses]
    rules = [f"witness {name} {key}" for name, key in zip("abc", keys, strict=True)]
    policy = Policy.parse("\n".join([*rules, "group all all a b c", "quorum all"]).encode())
    assert verify(data, log.verifier_key, policy).verified
    spent = seconds_each(lambda _: verify(data, log.verifier_key, policy), list(range(200)))
    return len(data), spent


def _another_database(url: str) -> str:
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("CREATE DATABASE whole")
    return psycopg.conninfo.make_conninfo(url, dbname="whole")


def measure() -> list[Figure]:
    """Every part, one after another."""
    with tempfile.TemporaryDirectory(prefix="allod-bench-") as folder:
        server = EmbeddedServer(Path(folder))
        server.start()
        try:
            Store.open(server.url()).close()
            kept = alone(in_database, server.url())
            whole_per_s = alone(whole_sealer, _another_database(server.url()))
        finally:
            server.stop()
    held = alone(in_memory)
    blinded_us, body_bytes = alone(blinding_us)
    size, verified_s = alone(receipt_of_three)
    peer = alone(by_peer) if find_spec("pymerkle") else None
    hashing_s, growing_s, keeping_s = kept.parts_s
    return [
        Figure(
            name="1 M leaves sealed, durable",
            value=kept.seconds,
            unit="s",
            at_most=5,
            beside=f"pymerkle {peer.seconds:.1f} s in memory" if peer else "",
            note=f"leaf hashes {hashing_s:.1f} s, tree {growing_s:.1f} s, "
            f"PostgreSQL {keeping_s:.1f} s; {kept.processor_s:.1f} s of its core; blinding apart",
        ),
        Figure(
            name="memory that it takes",
            value=kept.peak_mb,
            unit="MB",
            at_most=150,
            beside=f"pymerkle {peer.peak_mb:.0f} MB" if peer else "",
            note=f"growth of RSS at its peak; {held.peak_mb:.0f} MB with every node in memory",
        ),
        Figure(
            name="blinding, one core",
            value=blinded_us,
            unit="us/leaf",
            note=f"records of {body_bytes:.0f} bytes into entries: {blinded_us:.0f} s for 1 M",
        ),
        Figure(
            name="the sealer, whole",
            value=whole_per_s,
            unit="leaves/s",
            note=f"{BLINDED:,} leaves, read, blinded, hashed and durable",
        ),
        *_proofs("memory", held, 1e6, "us", 50, peer),
        *_proofs("PostgreSQL", kept, 1e3, "ms", 1, None),
        Figure(name="receipt, three witnesses", value=size, unit="bytes", at_most=4_000),
        Figure(
            name="verified in, median",
            value=1e3 * statistics.median(verified_s),
            unit="ms",
            at_most=5,
            note=f"p99 {1e3 * percentile(verified_s, 0.99):.2f} ms",
        ),
    ]


def _proofs(
    where: str, built: Built, scale: float, unit: str, limit: float, peer: Built | None
) -> list[Figure]:
    """The figures of inclusion and consistency proofs."""
    rivals = (peer.inclusions_s, peer.consistencies_s) if peer else ([], [])
    both = (("inclusion", built.inclusions_s), ("consistency", built.consistencies_s))
    return [
        Figure(
            name=f"{what}, {where}, median",
            value=scale * statistics.median(spent_s),
            unit=unit,
            at_most=limit,
            beside=f"pymerkle {scale * statistics.median(rival):.0f} {unit}" if rival else "",
            note=f"p99 {scale * percentile(spent_s, 0.99):.3g} {unit}",
        )
        for (what, spent_s), rival in zip(both, rivals, strict=True)
    ]


if __name__ == "__main__":
    raise SystemExit(command(measure, __doc__))
