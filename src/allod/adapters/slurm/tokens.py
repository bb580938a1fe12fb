"""Tokens for slurmrestd: made here, for one user each, and short-lived.

Slurm checks the signature and `exp`, by its own clock. A token lives for half an hour, as those of
`scontrol token` do, and is made anew after a third of that: a node whose clock is ten minutes off
in either direction is believed all the same.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey, RSAKey

from allod.errors import InvalidInput

LIFE_S = 1800
_RENEW_S = 600
_JUST_S = 30
_KEY_MIN_BYTES = 16


class TokenMaker:
    """Makes tokens with the key in a file; safe to use from several threads."""

    def __init__(self, file: Path, now_s: Callable[[], int]) -> None:
        self._file, self._now_s = file, now_s
        self._made: dict[str, tuple[int, str]] = {}  #: By user: when it was made, and what.
        self._lock = threading.Lock()

    def token(self, user: str) -> str:
        """A token of `user` that is good for at least twenty minutes by this node's clock.

        Raises:
            InvalidInput: The key file is missing, open to others, or no key.
        """
        now_s = self._now_s()
        with self._lock:
            made_s, token = self._made.get(user, (0, ""))
            if not token or not 0 <= now_s - made_s < _RENEW_S:
                token = _signed(self._file, user, now_s)
                self._made[user] = (now_s, token)
        return token

    def renew(self, user: str) -> bool:
        """Make a new one next time; False if the one that was doubted was just made."""
        now_s = self._now_s()
        with self._lock:
            made_s, _ = self._made.get(user, (now_s, ""))
            if 0 <= now_s - made_s < _JUST_S:
                return False
            self._made.pop(user)
            return True


def algorithm_of(file: Path) -> str:
    """With what the key in `file` signs: 'HS256' or 'RS256'.

    Raises:
        InvalidInput: As `TokenMaker.token`.
    """
    return _key(file)[1]


def _signed(file: Path, user: str, now_s: int) -> str:
    """A token of `user`, signed with the key in `file` as it is now."""
    key, algorithm = _key(file)
    header = {"alg": algorithm, "typ": "JWT"}
    if algorithm == "RS256":
        header["kid"] = file.name
    claims = {"iat": now_s, "exp": now_s + LIFE_S, "sun": user}
    return jwt.encode(header, claims, key, algorithms=[algorithm])


def _key(file: Path) -> tuple[OctKey | RSAKey, str]:
    try:
        rights, content = file.stat().st_mode & 0o777, file.read_bytes()
    except OSError as error:
        raise InvalidInput(
            f"{file}: cannot be read: {error.strerror}", mend="put Slurm's jwt_key there, mode 0600"
        ) from error
    if rights & 0o077:
        raise InvalidInput(f"{file}: others can read it (mode {rights:o})", mend="chmod 600 it")
    if content.startswith(b"-----BEGIN"):
        try:
            return RSAKey.import_key(content), "RS256"
        except (ValueError, TypeError, JoseError) as error:
            raise InvalidInput(
                f"{file}: no private RSA key", mend="PEM, without a password"
            ) from error
    if len(content) < _KEY_MIN_BYTES:
        raise InvalidInput(f"{file}: {len(content)} bytes are no key", mend="32 random bytes")
    return OctKey.import_key(content), "HS256"
