"""What `allod.prove.verify` says of many receipts, for the control room's own verifier to match.

`python -m tests.prove.make_verdicts` writes the file anew; `ui/tests/evidence.test.ts` reads it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from allod.prove.canonical import base64
from allod.prove.leaf import seal
from allod.prove.policy import Policy
from allod.prove.verify import Known, verify
from tests.prove.make_bundles import (
    BUNDLES,
    GOOD,
    KNOWN,
    LOG,
    OTHER,
    POLICY,
    checkpoint,
    shown,
    text,
    tree,
)

FILE = Path(__file__).parents[2] / "ui" / "tests" / "verdicts.json"
#: Two records, with letters beyond ASCII among what is disclosed.
SPOILED = text(GOOD, OTHER)
#: A spoiled receipt for each so many bytes of it.
STEP = 31


def said(data: bytes, policy: Policy | None, known: str | None) -> str:
    """The report, as the command prints it."""
    key = LOG.verifier_key
    return verify(
        data, key, policy, Known.parse(KNOWN[known], key, policy) if known else None
    ).text()


def spoiled() -> Iterator[tuple[dict[str, int], bytes]]:
    """The receipt with a byte changed, one more, or its end cut off, and what was done to it."""
    for at in range(0, len(SPOILED), STEP):
        for byte in (SPOILED[at] ^ 1, SPOILED[at] ^ 0x20, 0x80):
            yield {"at": at, "byte": byte}, SPOILED[:at] + bytes([byte]) + SPOILED[at + 1 :]
        yield {"at": at, "more": 0x0A}, SPOILED[:at] + b"\n" + SPOILED[at:]
        yield {"at": at}, SPOILED[:at]


def of_one(**fields: Any) -> bytes:
    """A receipt for the one record of a log, with all its fields open."""
    sealed = seal(bytes(32), 0, "decision/Placement", fields)
    made_of = tree([sealed])
    names = tuple(item.name for item in sealed.disclosures)
    return text(shown(0, 1, made_of, sealed=sealed, note=checkpoint(1, made_of), names=names))


def with_extra(old: bytes, new: bytes) -> bytes:
    """The good receipt with something else in its extra data."""
    proof = GOOD.proof()
    assert proof.extra is not None and old in proof.extra
    return replace(proof, extra=proof.extra.replace(old, new, 1)).text()


def odd() -> dict[str, bytes]:
    """Receipts in which languages like to read JSON, numbers and letters differently."""
    deep: Any = 1
    for _ in range(45):
        deep = [deep]
    return {
        "large numbers": of_one(at_s=10**30, low=-(2**63), zero=0, ten=2**53 + 1),
        "keys in the order of code points": of_one(
            value={
                "\U0001f600": 1,
                "\uff5e": 2,
                "\ue000": 3,
                "10": 4,
                "9": 5,
                "__proto__": 6,
                "": 7,
            }
        ),
        "letters that are escaped": of_one(
            value='a"b\\c\b\f\n\r\t\x00\x1f\x7f\u2028\xad\u200b/é😀'
        ),
        "a long value": of_one(value="é😀" * 200, other=[{"k": [None, True, False, ""]}] * 60),
        "a name that does not print": of_one(**{"a\nb\u202e": 1, "constructor": {}, "é": []}),
        "nested": of_one(value=deep),
        "grounds": of_one(
            reasons=[
                {
                    "message": "law permits",
                    "actual": "country MA (declared)",
                    "origin": "Dataset/d",
                },
                {"message": "", "standing": "declared", "origin": ["x"]},
                {"facts": [{"standing": "declared", "value": 7}], "none": None},
                {"message": ["the owner", "is declared"], "actual": "declared"},
                "nothing",
            ],
            why="declared only",
        ),
        "no witness in time": of_one(at_s="soon"),
        "too deep": with_extra(b'"v":1', b'"v":' + b"[" * 60 + b"]" * 60),
        "far too deep": with_extra(b'"v":1', b'"v":' + b"[" * 20_000),
        "a float": with_extra(b'"v":1', b'"v":1.0'),
        "a number that is none": with_extra(b'"v":1', b'"v":NaN'),
        "below zero": with_extra(b'"v":1', b'"v":-0'),
        "a number with a zero before": with_extra(b'"v":1', b'"v":01'),
        "a key twice": with_extra(b'"v":1', b'"v":1,"v":1'),
        "a key more": with_extra(b'"v":1', b'"v":1,"w":1'),
        "true is no number": with_extra(b'"v":1', b'"v":true'),
        "a large version": with_extra(b'"v":1', b'"v":18446744073709551617'),
        "a letter escaped": with_extra(b"at_s", b"at\\u005fs"),
        "half a letter": with_extra(b"at_s", b"at\\ud800s"),
        "a control character": with_extra(b"at_s", b"at\x01s"),
        "a mark of byte order": with_extra(b'{"disclosed', b'\xef\xbb\xbf{"disclosed'),
        "not UTF-8": with_extra(b"at_s", b"at\xffs"),
        "a reserved name": with_extra(b'"at_s"', b'"_sd"'),
        "other fields": with_extra(b'"hidden"', b'"hiddem"'),
        "a list": with_extra(GOOD.proof().extra or b"", b"[]"),
        "nothing": b"",
        "one letter": b"c",
        "another file": b"PK\x03\x04 is no receipt\n",
        "no extra data": replace(GOOD.proof(), extra=None).text(),
        "two blank lines": text(GOOD).replace(b"\n\n", b"\n\n\n", 1),
        "a note of another kind": replace(GOOD.proof(), note=b"hello\n").text(),
    }


def verdicts() -> dict[str, Any]:
    """Every receipt of the folder, with and without the policy, and the spoiled ones."""
    return {
        "bundles": [
            {"name": name, "known": item.known, "policy": policy is not None, "code": item.code}
            | {"text": said(item.data, policy, item.known)}
            for name, item in BUNDLES.items()
            for policy in (POLICY, None)
        ],
        "odd": [
            {"name": name, "data": base64(data), "text": said(data, None, None)}
            for name, data in odd().items()
        ],
        "spoiled": [how | {"text": said(data, POLICY, None)} for how, data in spoiled()],
        "whole": SPOILED.decode(),
    }


def content() -> str:
    """The file."""
    return json.dumps(verdicts(), ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    """Write the file anew."""
    FILE.write_text(content(), encoding="utf-8")


if __name__ == "__main__":
    main()
