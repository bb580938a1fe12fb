"""Receipts good and bad, always the same bytes: `python -m tests.prove.make_bundles` writes them.

The log has 300 records. Four witnesses under three legal controls saw it at 200 and at 300 leaves;
the policy wants two controls. `BUNDLES` says for each receipt what a reader must be told.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from allod.prove import receipt
from allod.prove.canonical import base64, canonical, read_canonical
from allod.prove.checkpoint import Checkpoint
from allod.prove.cosignature import WitnessKey, WitnessSigner
from allod.prove.leaf import Sealed, seal
from allod.prove.merkle import Tree, leaf_hash
from allod.prove.note import Signer, note_of
from allod.prove.policy import Group, Log, Policy, Witness
from allod.prove.receipt import Shown
from allod.prove.witness import format_consistency

FOLDER = Path(__file__).parent / "bundles"
ORIGIN = "log.tromso.allod.example/fes"
START_S = 1_767_225_600
LOG = Signer(ORIGIN, b"the log".ljust(32))
IMPOSTOR = Signer(ORIGIN, b"an impostor".ljust(32))
WITNESSES = {
    name: WitnessSigner(f"witness.{name}.example", name.encode().ljust(32))
    for name in ("cnrs", "inria", "sigma", "um6p")
}
KEYS = {
    name: WitnessKey(signer.name, signer.verifier_key.public) for name, signer in WITNESSES.items()
}
POLICY = Policy(
    (Log(LOG.verifier_key, f"https://{ORIGIN}"),),
    tuple(Witness(name, key) for name, key in KEYS.items()),
    (
        Group("france", 1, ("cnrs", "inria")),
        Group("norway", 1, ("sigma",)),
        Group("morocco", 1, ("um6p",)),
        Group("two-of-three-controls", 2, ("france", "norway", "morocco")),
    ),
    "two-of-three-controls",
)
ENOUGH = ("cnrs", "sigma", "um6p")
SHOWN = ("kind", "at_s", "workload_id", "site", "reasons")


def secret(index: int) -> bytes:
    return (b"secret of subject %d" % (index % 7)).ljust(32)


def record(index: int, **changed: Any) -> Sealed:
    fields = {
        "at_s": START_S + index,
        "workload_id": f"w-{index}",
        "run": 1,
        "site": "tromsø-1" if index % 2 else "fès-1",
        "accelerators": 8 * (1 + index % 4),
        "reasons": [
            {
                "code": "operator-control",
                "message": "the operator's owner is declared to be under Norwegian law",
                "origin": "party sigma2, declared 2026-01-05",
            }
        ],
    }
    return seal(secret(index), index, "decision/Placement", fields | changed)


def tree(records: Sequence[Sealed]) -> Tree:
    return Tree(b"".join(leaf_hash(sealed.entry) for sealed in records))


RECORDS = [record(index) for index in range(300)]
TREE = tree(RECORDS)
#: The same log, but record 100 was rewritten; and one that was cut at 150 and then went on.
REWRITTEN = tree([*RECORDS[:100], record(100, site="elsewhere"), *RECORDS[101:]])
CUT = tree([*RECORDS[:150], *(record(index, run=2) for index in range(150, 320))])


def checkpoint(
    size: int,
    made_of: Tree = TREE,
    *,
    signer: Signer = LOG,
    names: Sequence[str] = ENOUGH,
    time_s: int | None = None,
) -> bytes:
    """A signed checkpoint, cosigned by witnesses some seconds after its last record."""
    text = Checkpoint(ORIGIN, size, made_of.root(size)).text()
    seen_s = START_S + size + 5 if time_s is None else time_s
    lines = [WITNESSES[name].cosign(text, seen_s) for name in names]
    return note_of(text, [signer.sign(text), *lines]).encode()


def shown(
    index: int = 42,
    size: int = 300,
    made_of: Tree = TREE,
    *,
    sealed: Sealed | None = None,
    note: bytes | None = None,
    names: Sequence[str] = SHOWN,
) -> Shown:
    return receipt.make(
        index,
        made_of.inclusion(index, size),
        checkpoint(size, made_of) if note is None else note,
        RECORDS[index] if sealed is None else sealed,
        names,
    )


def text(*records: Shown) -> bytes:
    return receipt.text(records)


def reworded(item: Shown, **extra: Any) -> bytes:
    """`item` with other extra data."""
    proof = item.proof()
    value = read_canonical(proof.extra or b"", "extra") | extra
    return replace(proof, extra=canonical(value)).text()


KNOWN = {
    "known-200": checkpoint(200),
    "known-300": checkpoint(300),
    "known-200-and-on-to-300": format_consistency(200, TREE.consistency(200, 300))
    + checkpoint(200),
    "known-300-and-back-to-200": format_consistency(200, TREE.consistency(200, 300))
    + checkpoint(300),
    "known-200-and-on-to-320": format_consistency(200, CUT.consistency(200, 320)) + checkpoint(200),
    "known-200-late-and-on-to-300": format_consistency(200, TREE.consistency(200, 300))
    + checkpoint(200, time_s=START_S + 9_000),
}


@dataclass(frozen=True, slots=True)
class Bundle:
    """A receipt, what the reader knows, and the code that it must be refused with, if any."""

    data: bytes
    code: str | None = None
    known: str | None = None


GOOD = shown()
OTHER = shown(43)
EARLY = shown(size=200)
BUNDLES = {
    "good": Bundle(text(GOOD)),
    "good-nothing-disclosed": Bundle(text(shown(names=()))),
    "good-two-records": Bundle(text(GOOD, OTHER)),
    "good-known": Bundle(text(GOOD), known="known-300"),
    "good-continues": Bundle(text(GOOD), known="known-200-and-on-to-300"),
    "good-older-but-proved": Bundle(text(EARLY), known="known-300-and-back-to-200"),
    "truncated-in-the-signatures": Bundle(text(GOOD)[:-20], "truncated"),
    "truncated-in-the-proof": Bundle(text(GOOD).partition(b"index 42\n")[0], "truncated"),
    "bloated-hashes": Bundle(replace(GOOD.proof(), hashes=(bytes(32),) * 64).text(), "bloated"),
    "bloated-signatures": Bundle(
        text(GOOD) + WITNESSES["inria"].cosign("x\n", 0).encode() * 100, "bloated"
    ),
    "not-canonical-number": Bundle(text(GOOD).replace(b"index 42", b"index 042"), "not-canonical"),
    "not-canonical-line-ends": Bundle(
        text(GOOD).replace(b"index 42\n", b"index 42\r\n"), "not-canonical"
    ),
    "not-canonical-json": Bundle(
        replace(GOOD.proof(), extra=(GOOD.proof().extra or b"").replace(b":", b": ")).text(),
        "not-canonical",
    ),
    "unknown-version-of-proof": Bundle(
        text(GOOD).replace(b"tlog-proof@v1", b"tlog-proof@v2"), "unknown-version"
    ),
    "unknown-version-of-receipt": Bundle(reworded(GOOD, v=2), "unknown-version"),
    "wrong-key": Bundle(text(shown(note=checkpoint(300, signer=IMPOSTOR))), "wrong-key"),
    "bad-signature": Bundle(text(GOOD).replace(b"\n300\n", b"\n301\n"), "bad-signature"),
    "not-in-log-rewritten-leaf": Bundle(
        text(shown(100, sealed=record(100, site="elsewhere"))), "not-in-log"
    ),
    "not-in-log-other-place": Bundle(text(GOOD).replace(b"index 42", b"index 43"), "not-in-log"),
    "not-in-log-hash-missing": Bundle(
        replace(GOOD.proof(), hashes=GOOD.hashes[:-1]).text(), "not-in-log"
    ),
    "not-in-log-hash-too-many": Bundle(
        replace(GOOD.proof(), hashes=(*GOOD.hashes, bytes(32))).text(), "not-in-log"
    ),
    "swapped-disclosure-other-value": Bundle(
        text(GOOD).replace(
            b"extra " + base64(GOOD.proof().extra or b"").encode(),
            b"extra "
            + base64((GOOD.proof().extra or b"").replace("fès-1".encode(), b"oslo-1")).encode(),
        ),
        "swapped-disclosure",
    ),
    "swapped-disclosure-of-another-record": Bundle(
        text(replace(GOOD, disclosed=OTHER.disclosed)), "swapped-disclosure"
    ),
    "witnesses-missing-none": Bundle(
        text(shown(note=checkpoint(300, names=()))), "witnesses-missing"
    ),
    "witnesses-missing-one-control": Bundle(
        text(shown(note=checkpoint(300, names=("cnrs", "inria")))), "witnesses-missing"
    ),
    "same-witness-twice": Bundle(
        text(shown(note=checkpoint(300, names=("cnrs", "cnrs", "sigma")))), "same-witness-twice"
    ),
    "older-than-known-replayed": Bundle(text(EARLY), "older-than-known", "known-300"),
    "fork-shown-to-two": Bundle(text(shown(made_of=REWRITTEN)), "fork", "known-300"),
    "fork-in-one-receipt": Bundle(text(GOOD, shown(43, made_of=REWRITTEN)), "fork"),
    "fork-cut-and-gone-on": Bundle(
        text(shown(size=320, made_of=CUT)), "fork", "known-200-and-on-to-320"
    ),
    "fork-not-shown-to-continue": Bundle(text(GOOD), "fork", "known-200"),
    "clock-set-back-of-a-witness": Bundle(
        text(GOOD), "clock-set-back", "known-200-late-and-on-to-300"
    ),
    "clock-set-back-between-records": Bundle(
        text(shown(size=200, note=checkpoint(200, time_s=START_S + 9_000)), OTHER),
        "clock-set-back",
    ),
    "clock-set-back-of-the-node": Bundle(
        text(shown(note=checkpoint(300, time_s=START_S + 42 - 601))), "clock-set-back"
    ),
}


def files() -> dict[str, bytes]:
    """Every file of the folder, by its name."""
    return (
        {f"{name}.receipt": bundle.data for name, bundle in BUNDLES.items()}
        | {f"{name}.checkpoint": data for name, data in KNOWN.items()}
        | {"log.vkey": f"{LOG.verifier_key}\n".encode(), "witnesses.policy": POLICY.text()}
    )


def main() -> None:
    """Write the folder anew."""
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.iterdir():
        path.unlink()
    for name, data in files().items():
        (FOLDER / name).write_bytes(data)


if __name__ == "__main__":
    main()
