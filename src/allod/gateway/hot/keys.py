"""Whose call it is: the bearer token of its head, of which only the hash is ever kept."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from hmac import compare_digest

from allod.gateway.hot.errors import bad_key
from allod.run.serving.table import KeyEntry

_SCHEME = b"bearer "


class Keys:
    """All keys of a table."""

    def __init__(self, entries: Iterable[KeyEntry], secret: str) -> None:
        entries = tuple(entries)
        self._by_hash = {entry.sha256: entry for entry in entries}
        self._by_id = {entry.id: entry for entry in entries}
        self._secret = secret.encode()

    def now(self, entry: KeyEntry) -> KeyEntry | None:
        """The key as the table has it now; None if it was revoked."""
        found = self._by_id.get(entry.id)
        return found if found is not None and found.sha256 == entry.sha256 else None

    def of(self, authorization: bytes | None, now_s: float) -> KeyEntry:
        """The key in the header `Authorization`.

        Raises:
            Refused: There is none, or it is not known, or its time is over.
        """
        if authorization is None or authorization[:7].lower() != _SCHEME:
            raise bad_key(
                "You didn't provide an API key. You need to provide your API key in an "
                "Authorization header using Bearer auth (i.e. Authorization: Bearer YOUR_KEY)."
            )
        entry = self._by_hash.get(sha256(authorization[7:].strip()).hexdigest())
        if entry is None:
            raise bad_key("Incorrect API key provided, or one that was revoked.")
        if entry.expires_at_s is not None and entry.expires_at_s <= now_s:
            raise bad_key("This API key has expired.")
        return entry

    def is_desk(self, authorization: bytes | None) -> bool:
        """True if the desk of this gateway itself makes the call."""
        return (
            authorization is not None
            and bool(self._secret)
            and authorization[:7].lower() == _SCHEME
            and compare_digest(authorization[7:].strip(), self._secret)
        )

    def for_desk(self, key_id: str, now_s: float) -> KeyEntry:
        """The key in whose name the desk makes a call.

        Raises:
            Refused: It was revoked meanwhile, or its time is over.
        """
        entry = self._by_id.get(key_id)
        if entry is None or (entry.expires_at_s is not None and entry.expires_at_s <= now_s):
            raise bad_key("The API key of this batch was revoked or has expired.")
        return entry
