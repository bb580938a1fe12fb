from __future__ import annotations

import json
from base64 import urlsafe_b64decode
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from allod.adapters.slurm.tokens import TokenMaker
from allod.errors import InvalidInput

SECRET = b"0123456789abcdef0123456789abcdef"


class Maker(TokenMaker):
    """One whose clock the test turns."""

    def __init__(self, file: Path) -> None:
        self.now_s = 1_000_000
        super().__init__(file, lambda: self.now_s)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "narvik"
    file.write_bytes(SECRET)
    file.chmod(0o600)
    return file


def header(token: str) -> dict[str, Any]:
    part = token.split(".", maxsplit=1)[0]
    found: dict[str, Any] = json.loads(urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return found


def test_a_token_says_who_and_for_how_long(file: Path) -> None:
    token = Maker(file).token("ada")
    read = jwt.decode(token, OctKey.import_key(SECRET), algorithms=["HS256"])
    assert read.claims == {"sun": "ada", "iat": 1_000_000, "exp": 1_001_800}
    assert header(token) == {"alg": "HS256", "typ": "JWT"}


def test_each_user_has_a_token_and_keeps_it_for_a_third_of_its_life(file: Path) -> None:
    maker = Maker(file)
    first = maker.token("ada")
    assert maker.token("bo") != first
    maker.now_s += 599
    assert maker.token("ada") == first
    maker.now_s += 1
    assert maker.token("ada") != first


def test_a_clock_that_goes_back_gets_a_new_token(file: Path) -> None:
    maker = Maker(file)
    first = maker.token("ada")
    maker.now_s -= 1
    second = maker.token("ada")
    assert second != first
    read = jwt.decode(second, OctKey.import_key(SECRET), algorithms=["HS256"])
    assert read.claims["iat"] == 999_999


def test_a_doubted_token_is_made_anew_but_not_at_once(file: Path) -> None:
    maker = Maker(file)
    assert maker.renew("ada") is False  # There is none to doubt.
    first = maker.token("ada")
    maker.now_s += 29
    assert maker.renew("ada") is False
    assert maker.token("ada") == first
    maker.now_s += 1
    assert maker.renew("ada") is True
    assert maker.token("ada") != first


def test_a_changed_key_counts_when_the_next_token_is_made(file: Path) -> None:
    maker = Maker(file)
    maker.token("ada")
    file.write_bytes(SECRET[::-1])
    maker.now_s += 600
    read = jwt.decode(maker.token("ada"), OctKey.import_key(SECRET[::-1]), algorithms=["HS256"])
    assert read.claims["sun"] == "ada"


def test_a_private_key_names_itself(tmp_path: Path) -> None:
    pair = RSAKey.generate_key(2048, private=True)
    file = tmp_path / "site-2"
    file.write_bytes(pair.as_pem(private=True))
    file.chmod(0o400)
    token = Maker(file).token("ada")
    assert header(token) == {"alg": "RS256", "typ": "JWT", "kid": "site-2"}
    assert jwt.decode(token, pair, algorithms=["RS256"]).claims["sun"] == "ada"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o610])
def test_a_key_that_others_can_read_is_not_used(file: Path, mode: int) -> None:
    file.chmod(mode)
    with pytest.raises(InvalidInput, match=f"mode {mode:o}") as wrong:
        Maker(file).token("ada")
    assert wrong.value.mend == "chmod 600 it"


def test_a_key_that_is_none_says_how_to_mend_it(file: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="No such file") as wrong:
        Maker(tmp_path / "none").token("ada")
    assert "jwt_key" in wrong.value.mend
    file.write_bytes(SECRET[:15])
    with pytest.raises(InvalidInput, match="15 bytes are no key"):
        Maker(file).token("ada")
    file.write_bytes(SECRET[:16])
    assert Maker(file).token("ada")
    file.write_bytes(b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    with pytest.raises(InvalidInput):
        Maker(file).token("ada")
