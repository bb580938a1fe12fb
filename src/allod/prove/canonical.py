"""Text in its one allowed form: JSON, base64 and whole numbers, written and strictly read.

Whatever is hashed or signed has exactly one form, so that two readers never disagree about it.
Reading therefore means: understand, write again, compare.
"""

from __future__ import annotations

import binascii
import json
import re
from typing import Any, NoReturn

from allod.errors import InvalidProof

#: Sizes, indexes and times fit into a signed 64-bit number everywhere.
NUMBER_MAX = 2**63 - 1
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")
_TO_URL = bytes.maketrans(b"+/", b"-_")
_FROM_URL = bytes.maketrans(b"-_", b"+/")
_SHOWN_MAX = 80
#: No record is nested so deeply; whoever walks through a value read here needs no further care.
_DEPTH_MAX = 50


def canonical(value: Any) -> bytes:
    """`value` (plain JSON values without floats) as canonical bytes."""
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def read_canonical(data: bytes, field: str) -> Any:
    """The JSON value of which `data` are the canonical bytes.

    Raises:
        InvalidProof: It is not JSON, holds a float, or is written in another form.
    """
    try:
        value = json.loads(data.decode(), parse_float=_no_float, parse_constant=_no_float)
        same = canonical(value) == data
    except (ValueError, RecursionError) as error:
        raise not_canonical(field, data, "write it as canonical JSON") from error
    if _is_deep(value):
        raise not_canonical(field, data, f"nest it at most {_DEPTH_MAX} deep")
    if not same:
        raise not_canonical(field, data, "sort the keys, leave out spaces, escape nothing")
    return value


def holds_float(value: Any) -> bool:
    """Whether a float is anywhere in `value`; two machines may write one float in two ways."""
    if isinstance(value, dict):
        return any(map(holds_float, value.values()))
    if isinstance(value, list | tuple):
        return any(map(holds_float, value))
    return isinstance(value, float)


def decimal(text: str, field: str) -> int:
    """The whole number that `text` is: no sign, no leading zero, below 2**63."""
    if not _DECIMAL.fullmatch(text) or int(text) > NUMBER_MAX:
        raise not_canonical(field, text, "write a whole number without sign or leading zero")
    return int(text)


def base64(data: bytes) -> str:
    """`data` in base64 with padding (RFC 4648, section 4)."""
    return binascii.b2a_base64(data, newline=False).decode()


def read_base64(text: str, field: str, length: int | None = None) -> bytes:
    """The bytes of which `text` is the base64, `length` of them if it is given."""
    try:
        data = binascii.a2b_base64(text.encode("ascii"), strict_mode=True)
    except ValueError as error:
        raise not_canonical(field, text, "write it in base64 with padding") from error
    # The unused bits of the last letter could hold anything, so compare.
    if base64(data) != text or (length is not None and len(data) != length):
        wanted = "" if length is None else f" of {length} bytes"
        raise not_canonical(field, text, f"write canonical base64{wanted}")
    return data


def base64url(data: bytes) -> bytes:
    """`data` in base64url without padding (RFC 4648, section 5), as SD-JWT has it."""
    return binascii.b2a_base64(data, newline=False).translate(_TO_URL).rstrip(b"=")


def read_base64url(text: str, field: str, length: int) -> bytes:
    """The `length` bytes of which `text` is the base64url without padding."""
    try:
        letters = text.encode("ascii").translate(_FROM_URL)
        data = binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
    except ValueError as error:
        raise not_canonical(field, text, "write it in base64url without padding") from error
    if base64url(data).decode() != text or len(data) != length:
        raise not_canonical(field, text, f"write canonical base64url of {length} bytes")
    return data


def shown(value: object) -> str:
    """`value` for a message: short, on one line, and harmless to a terminal."""
    text = value.decode(errors="replace") if isinstance(value, bytes) else str(value)
    cut = text if len(text) <= _SHOWN_MAX else text[:_SHOWN_MAX] + "..."
    return "".join(
        letter if letter.isprintable() else letter.encode("unicode_escape").decode()
        for letter in cut
    )


def not_canonical(field: str, value: object, mend: str) -> InvalidProof:
    """The refusal of something that is not in its one allowed form."""
    return InvalidProof("not-canonical", f"{field} is not in its form: '{shown(value)}'", mend=mend)


def _is_deep(value: Any) -> bool:
    level = [value]
    for _ in range(_DEPTH_MAX):
        inner = [item for item in level if isinstance(item, list | dict)]
        level = [
            below for item in inner for below in (item.values() if isinstance(item, dict) else item)
        ]
    return bool(level)


def _no_float(text: str) -> NoReturn:
    raise ValueError(f"'{text}' is no whole number")
