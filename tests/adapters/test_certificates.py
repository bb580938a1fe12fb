"""Files of certificates and of what was spent of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from allod.adapters.certificates import read_certificates, read_spent, spent_csv
from allod.domain.supply import Technology
from allod.energy.cancellation import Spent
from allod.energy.certificates import Certificate
from allod.errors import InvalidInput, NotFound

HEAD = "certificate,technology,zone,from,to,energy_wh"


def written(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_certificates_of_a_file(tmp_path: Path) -> None:
    file = written(
        tmp_path / "goo.csv",
        HEAD + ",commissioned",
        "a-1,hydro,NO4,1970-01-01,1970-01-02,1000000,",
        "a-2,wind,NO4,1970-01-01T01:00+01:00,1970-01-01T01:00Z,5,1970-01-01T00:01Z",
    )
    assert read_certificates(file) == (
        Certificate(
            certificate="a-1",
            technology=Technology.HYDRO,
            zone="NO4",
            starts_s=0,
            ends_s=86_400,
            energy_wh=1_000_000,
        ),
        Certificate(
            certificate="a-2",
            technology=Technology.WIND,
            zone="NO4",
            starts_s=0,
            ends_s=3_600,
            energy_wh=5,
            commissioned_s=60,
        ),
    )


def test_what_is_spent_is_read_as_it_was_written(tmp_path: Path) -> None:
    spent = (
        Spent(
            certificate='a "1"',
            claimant="narvik",
            zone="NO4",
            starts_s=0,
            ends_s=3_600,
            energy_wh=7,
            rule="goo-annual-2018",
        ),
    )
    file = tmp_path / "spent.csv"
    file.write_text(spent_csv(spent))
    assert read_spent(file) == spent


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["certificate,zone"], "goo.csv has no column 'technology'.*write certificate, technology"),
        ([HEAD, "a,coal,NO4,1970-01-01,1970-01-02,1"], "line 2: technology 'coal'.*write one of"),
        ([HEAD, "a,hydro,NO4,1970-01-01,soon,1"], "line 2: time 'soon'"),
        ([HEAD, "a,hydro,NO4,1970-01-01,1970-01-02,1.5"], "energy_wh '1.5'.*whole watt-hours"),
        ([HEAD, "a,hydro,NO4,1970-01-01,1970-01-02"], "line 2: energy_wh ''"),
        ([HEAD, "a,hydro,NO4,1970-01-01,1970-01-02," + "9" * 5000], "energy_wh '9{40}'"),
        ([HEAD, "a,hydro,NO4,1,99999999999999999999,5"], "time '9{20}'.*the years 1970 to 9999"),
        ([HEAD, ",hydro,NO4,1970-01-01,1970-01-02,5"], "line 2: 'certificate' is empty"),
        ([HEAD, "a,hydro, ,1970-01-01,1970-01-02,5"], "line 2: 'zone' is empty"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path: Path, lines: list[str], said: str) -> None:
    with pytest.raises(InvalidInput, match=said):
        read_certificates(written(tmp_path / "goo.csv", *lines))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no file"):
        read_spent(tmp_path / "none.csv")
    (tmp_path / "bytes.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InvalidInput, match="is no CSV"):
        read_certificates(tmp_path / "bytes.csv")
