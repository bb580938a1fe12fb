"""The one tree of errors.

AllodError
├── InvalidInput        a document, request or trace is wrong            exit 2, HTTP 422
│   ├── InvalidDocument  ... names file, path, value and mend
│   └── InvalidProof     ... a note, proof or receipt does not hold; names the reason
├── NotFound            no such site, project, workload                  exit 3, HTTP 404
├── Conflict            the same name or key stands for something else   exit 4, HTTP 409
├── Forbidden           no token, or one without the right               exit 5, HTTP 403
├── Unavailable         the log or database cannot be reached; ask again exit 6, HTTP 503
├── RunnerRefused       a runner said no; do not ask again               exit 7, HTTP 502
├── RunnerUnknown       it may or may not have happened; ask again by id exit 8, HTTP 504
└── Different           a replay or a check came out otherwise           exit 1, HTTP 500

Each class fixes the exit code, the HTTP status and whether to ask again. Done, refused and
unknown are three answers (rule X1), so they are three classes, never one with a flag.
"""

from __future__ import annotations

from typing import ClassVar


class AllodError(Exception):
    """An error with a message for a person: what is wrong, where, and how to mend it."""

    code: ClassVar[str] = "error"  #: Stable name, the last part of the problem type.
    exit_code: ClassVar[int] = 1  #: Exit status of a command that ends with this error.
    http_status: ClassVar[int] = 500  #: Status of a response that carries this error.
    ask_again: ClassVar[bool] = False  #: True if the same request may succeed later.

    def __init__(self, message: str, *, mend: str = "", field: str = "", value: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend  #: What the reader can do about it; may be empty.
        self.field = field  #: What of the question is wrong, where that has a name.
        self.value = value  #: What stood there.

    def __str__(self) -> str:
        return f"{self.message} ({self.mend})" if self.mend else self.message


class InvalidInput(AllodError):
    """What came in cannot be accepted as it is."""

    code = "invalid-input"
    exit_code = 2
    http_status = 422


class InvalidDocument(InvalidInput):
    """A document breaks its schema or a rule; names the file, the path in it and the value."""

    code = "invalid-document"

    def __init__(
        self, message: str, *, file: str = "", path: str = "", value: str = "", mend: str = ""
    ) -> None:
        where = ": ".join(part for part in (file, path) if part)
        shown = f" (got {value})" if value else ""
        super().__init__(f"{where}: {message}{shown}" if where else f"{message}{shown}", mend=mend)
        self.file, self.path, self.value = file, path, value
        self._said = message

    def at(self, file: str) -> InvalidDocument:
        """The same error in another place."""
        return InvalidDocument(
            self._said, file=file, path=self.path, value=self.value, mend=self.mend
        )


class InvalidProof(InvalidInput):
    """A note, proof or receipt is malformed, or does not prove what it is said to prove."""

    code = "invalid-proof"

    def __init__(self, reason: str, message: str, *, mend: str = "") -> None:
        super().__init__(message, mend=mend)
        self.reason = reason  #: Stable name such as 'truncated'; `prove/verify.py` lists them.


class NotFound(AllodError):
    """Nothing of that name is known here."""

    code = "not-found"
    exit_code = 3
    http_status = 404


class Conflict(AllodError):
    """The name, key or folder is already taken by something else."""

    code = "conflict"
    exit_code = 4
    http_status = 409


class Forbidden(AllodError):
    """The caller has no token, or one without the right that is needed."""

    code = "forbidden"
    exit_code = 5
    http_status = 403


class Unavailable(AllodError):
    """The log, the database or the disk cannot take it now; nothing was decided."""

    code = "unavailable"
    exit_code = 6
    http_status = 503
    ask_again = True


class RunnerRefused(AllodError):
    """The runner said no; the same request will be refused again."""

    code = "runner-refused"
    exit_code = 7
    http_status = 502


class RunnerUnknown(AllodError):
    """No answer: it may or may not have happened. Ask again by the same id."""

    code = "runner-unknown"
    exit_code = 8
    http_status = 504
    ask_again = True


class Different(AllodError):
    """A replay or a check came out otherwise than what was recorded."""

    code = "different"
