"""The head of a request, once it is read."""

from __future__ import annotations

from allod.gateway.hot.errors import Refused
from allod.gateway.hot.keys import Keys
from allod.run.serving.table import KeyEntry

HEAD_BYTES_MAX = 64 << 10
#: Short ones take many times the memory of their bytes.
HEADERS_MAX = 256
#: Of a request that is answered here; files of cold paths are passed on as they come.
BODY_BYTES_MAX = 64 << 20


class Request:
    """One request. The body is there once it came whole."""

    __slots__ = (
        "batch",
        "body",
        "chunked",
        "cold",
        "entry",
        "headers",
        "keep",
        "keys",
        "method",
        "operation",
        "path",
        "record",
        "refused",
        "taken",
        "target",
    )

    def __init__(
        self, method: bytes, target: bytes, headers: dict[bytes, bytes], keep: bool, chunked: bool
    ) -> None:
        self.method = method
        self.target = target  #: Path and query, as they came.
        self.path = target.partition(b"?")[0] if b"?" in target else target
        self.headers = headers  #: Names in lower case.
        self.keep = keep  #: True if the connection may be used again.
        self.chunked = chunked  #: True if the caller takes HTTP/1.1's chunks.
        self.entry: KeyEntry | None = None
        self.keys: Keys | None = None  #: Among which that of a caller was found.
        self.refused: Refused | None = None  #: Known before the body came.
        self.operation = ""  #: That an engine is asked for; empty: it is answered otherwise.
        self.batch = ""
        self.record = ""
        self.cold = False
        self.body = b""
        self.taken = 0  #: Bytes of the room for bodies, until it is answered.


def is_head_long(headers: dict[bytes, bytes]) -> bool:
    """True if the head has more bytes than are taken."""
    return sum(map(len, headers)) + sum(map(len, headers.values())) > HEAD_BYTES_MAX


def is_too_long(headers: dict[bytes, bytes]) -> bool:
    """True if the head announces more than is taken."""
    value = headers.get(b"content-length", b"")
    # What has fewer digits need not be read.
    return len(value) > 7 and int(value) > BODY_BYTES_MAX


def too_long() -> Refused:
    """The body is over what is taken."""
    return Refused(
        413,
        f"The body may have {BODY_BYTES_MAX >> 20} MiB at most.",
        code="request_too_large",
    )
