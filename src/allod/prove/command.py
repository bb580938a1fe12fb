"""The command that verifies a receipt: arguments in, text and exit status out.

Pure; `__main__` gives it the one thing that it needs of the world, a way to read files.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NoReturn

from allod.errors import InvalidInput
from allod.prove.canonical import shown
from allod.prove.note import VerifierKey
from allod.prove.policy import Policy
from allod.prove.verify import Known, verify

#: Reads a file; raises OSError.
Read = Callable[[str], bytes]

YES, NO, WRONG_USE = 0, 1, 2
FILE_BYTES_MAX = 16_000_000
_ENDS = f"exit status: {YES} yes, {NO} no, {WRONG_USE} wrong use or a file that cannot be read"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the command prints, and how it ends."""

    status: int
    out: str = ""
    err: str = ""


class _Parser(argparse.ArgumentParser):
    """argparse, but a mistake is an error of ours and nothing is printed here."""

    def error(self, message: str) -> NoReturn:
        raise InvalidInput(message, mend="see --help")


def run(arguments: Sequence[str], read: Read) -> Outcome:
    """Verify the receipt that `arguments` name."""
    parser = _parser()
    if "-h" in arguments or "--help" in arguments:
        return Outcome(YES, parser.format_help())
    try:
        chosen = parser.parse_args(list(arguments))
        key = _key(chosen.key, read)
        policy = Policy.parse(_read(chosen.witness_policy, read)) if chosen.witness_policy else None
        known = Known.parse(_read(chosen.known, read), key, policy) if chosen.known else None
        data = _read(chosen.file, read)
    except InvalidInput as error:
        mend = f"mend: {error.mend}\n" if error.mend else ""
        return Outcome(WRONG_USE, err=f"error: {error.message}\n{mend}")
    report = verify(data, key, policy, known)
    if chosen.json:
        text = json.dumps(report.as_json(), ensure_ascii=True, indent=2) + "\n"
    else:
        text = report.text()
    return Outcome(YES if report.verified else NO, text)


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog="python -m allod.prove",
        description="Verify a receipt, without network and without anyone's help.",
        epilog=_ENDS,
        add_help=False,
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help="the receipt")
    parser.add_argument(
        "--key", required=True, metavar="LOGKEY", help="key of the log, or a file that holds it"
    )
    parser.add_argument(
        "--witness-policy", metavar="FILE", help="which witnesses must have seen it (tlog-policy)"
    )
    parser.add_argument(
        "--known",
        metavar="FILE",
        help="a checkpoint that you kept, after a consistency proof if you have one",
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("-h", "--help", action="store_true", help="print this")
    return parser


def _key(text: str, read: Read) -> VerifierKey:
    """The key that is written in `text`, or in the file of this name."""
    try:
        return VerifierKey.parse(text)
    except InvalidInput as not_a_key:
        try:
            content = _read(text, read)
        except InvalidInput:
            if "+" not in text:
                raise InvalidInput(
                    f"--key '{shown(text)}' is neither a file nor a key",
                    mend="name the file that holds the log's key, or write the key itself",
                ) from None
            raise not_a_key from None
    return VerifierKey.parse(content.decode(errors="replace").strip())


def _read(path: str, read: Read) -> bytes:
    try:
        data = read(path)
    except (OSError, ValueError) as error:
        told = getattr(error, "strerror", None) or error
        raise InvalidInput(f"{shown(path)}: {told}", mend="name a file to read") from error
    if len(data) > FILE_BYTES_MAX:
        raise InvalidInput(f"{shown(path)}: over 16 MB", mend="name a smaller file")
    return data
