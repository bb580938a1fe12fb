"""Cosignatures: a real checkpoint with real witnesses, and each part of a made one spoiled."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from allod.errors import InvalidInput, InvalidProof
from allod.prove.checkpoint import open_checkpoint
from allod.prove.cosignature import WitnessKey, WitnessSigner, cosigned_at_s
from allod.prove.note import Signer, VerifierKey, note_of, open_note, signature_line

# A checkpoint of a log of Certificate Transparency, seen by four witnesses of the public network.
REAL = """arche2025h1.staging.ct.transparency.dev
1432088532
U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=

— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6hoGREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=
— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUkzbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=
— transparency.dev/DEV:witness-little-garden 2AQqhwAAAABqEiEgzgFIqqhbUoDwjMWE6UP8nd8/KYTzwZ2rhIgcqoXHAwVkjZr4AscylP3v7sEodkRAErumC2q44vdgJY096st5BQ==
— witness1.smartit.nu/witness1 pIyCDwAAAABqEiEghIp82KWebrw7/oHQwlTAm3g2RKS4+eebl8eO0WH+/iEcxZ75W3u5hNI7TOQtmJbqmNWVuE0tgh0XwzdZsDsUAQ==
— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIobWX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==
— witness.stagemole.eu Z/euoAAAAABqEiEgw0i+7g2ENfDAWHmtRzCfKTHSDwYDJA2NmKeGi9Y8FtEyOUvVr+AJmIY/2TUFucgKi7lI7cUiOvKFYe/TmN9DAg==
"""  # noqa: E501
REAL_LOG = VerifierKey.parse(
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
)
REAL_WITNESSES = [
    WitnessKey.parse(text)
    for text in (
        "transparency.dev/DEV:witness-little-garden+d8042a87"
        "+BCtusOxINQNUTN5Oj8HObRkh2yHf/MwYaGX4CPdiVEPM",
        "witness1.smartit.nu/witness1+a48c820f+BPSFWg9G6KPiO7QPryYO5Xq4oYJJ+kAvLKLSimDhoxMO",
        "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
        "witness.stagemole.eu+67f7aea0+BEqSG3yu9YrmcM3BHvQYTxwFj3uSWakQepafafpUqklv",
    )
]
TEXT = "example.org/log\n1\nU7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n"
WITNESS = WitnessSigner("witness.example/w1", b"w" * 32)
NOW_S = 1_767_225_600


def test_a_real_checkpoint_with_four_real_witnesses() -> None:
    found, opened = open_checkpoint(REAL.encode(), REAL_LOG, REAL_WITNESSES)
    assert found.size == 1432088532
    times = {key.name: cosigned_at_s(data) for key, data in opened.signatures if key != REAL_LOG}
    assert set(times) == {key.name for key in REAL_WITNESSES}
    assert set(times.values()) == {0x6A122120}


@given(st.integers(0, 2**63 - 1))
def test_a_cosignature_says_when(time_s: int) -> None:
    note = note_of(TEXT, [WITNESS.cosign(TEXT, time_s)]).encode()
    [(key, signature)] = open_note(note, [WITNESS.verifier_key]).signatures
    assert key == WITNESS.verifier_key
    assert cosigned_at_s(signature) == time_s


def test_any_bit_of_time_or_signature_counts() -> None:
    [(key, signature)] = open_note(
        note_of(TEXT, [WITNESS.cosign(TEXT, NOW_S)]).encode(), [WITNESS.verifier_key]
    ).signatures
    assert key.verifies(TEXT.encode(), signature)
    assert not key.verifies(TEXT.replace("1", "2").encode(), signature)
    for at in range(8 * len(signature)):
        bad = bytearray(signature)
        bad[at // 8] ^= 1 << at % 8
        assert not key.verifies(TEXT.encode(), bytes(bad))
    for end in range(len(signature)):
        assert not key.verifies(TEXT.encode(), signature[:end])
    assert not key.verifies(TEXT.encode(), signature + b"\0")


def test_a_time_that_no_clock_has_is_refused() -> None:
    for time_s in (-1, 2**63):
        with pytest.raises(InvalidInput, match="time"):
            WITNESS.cosign(TEXT, time_s)
    beyond = 2**63
    private = Ed25519PrivateKey.from_private_bytes(WITNESS.seed)
    signed = private.sign(f"cosignature/v1\ntime {beyond}\n{TEXT}".encode())
    bad = signature_line(WITNESS.verifier_key, beyond.to_bytes(8, "big") + signed)
    with pytest.raises(InvalidProof) as caught:
        open_note(note_of(TEXT, [bad]).encode(), [WITNESS.verifier_key])
    assert caught.value.reason == "bad-signature"


def test_the_key_of_a_witness_is_not_that_of_a_log() -> None:
    key = WITNESS.verifier_key
    assert WitnessKey.parse(str(key)) == key
    with pytest.raises(InvalidInput, match="type 0x01"):
        VerifierKey.parse(str(key))
    plain = Signer(WITNESS.name, WITNESS.seed)
    with pytest.raises(InvalidInput, match="type 0x04"):
        WitnessKey.parse(str(plain.verifier_key))
    assert plain.verifier_key != key
    assert plain.verifier_key.key_id != key.key_id
    assert WitnessSigner.parse(WITNESS.private_text()) == WITNESS
    with pytest.raises(InvalidInput, match="type 0x01"):
        Signer.parse(WITNESS.private_text())
    with pytest.raises(InvalidInput, match="key of a witness"):
        WITNESS.sign(TEXT)
