"""Settings: what a file may say, and what is said of one that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from allod.config import FILE, read_config
from allod.errors import InvalidInput


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    config = read_config(tmp_path)
    assert config.data_dir == tmp_path and config.loopback and not config.public
    assert config.database == "" and config.snapshot_events == 5_000


def test_what_is_given_stands_before_the_file(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("runner_threads: 2\nport: 8000\n")
    config = read_config(tmp_path, port=9000, database=None)
    assert (config.runner_threads, config.port, config.database) == (2, 9000, "")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("runner_thread: 2", "runner_thread: unknown key .*write 'runner_threads'"),
        ("zzz: 2", "zzz: unknown key .*known: batch_requests"),
        ("runner_threads: many", "runner_threads: is not a whole number .*'many'"),
        ("gateway_port: many", "(?s)gateway_port: .*got 'many'.*write a whole number, or leave it"),
        ("gateway: of", "gateway: is not one of the choices .*'auto', 'on' or 'off'"),
        ("runner_threads: 0", "runner_threads: must be at least 1 .*got 0"),
        ("host: 0.0.0.0", "host '0.0.0.0' lets others in .*public: true"),
        ("log_origin: a b", "log_origin: is not of the form .*write what matches .*0,200}"),
        ("data_dir: /x", "data_dir: cannot be set there"),
        ("- a", "settings are a mapping"),
        ("port: 1\n---\npublic: true", "line 3: .* a second .*'public': True.*all into one"),
        ("a: 1\nb: [1", "line 3: not valid YAML.*close the '\\[' that line 2 opens"),
    ],
)
def test_what_is_wrong_is_named_with_its_mend(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / FILE).write_text(text)
    with pytest.raises(InvalidInput, match=says) as raised:
        read_config(tmp_path)
    assert str(tmp_path / FILE) in str(raised.value)
    # `allod up` hears of it from another process, by this name.
    assert raised.value.code == "invalid-input"


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("10.0.0.1", False)],
)
def test_loopback_is_what_only_this_machine_reaches(
    tmp_path: Path, host: str, loopback: bool
) -> None:
    assert read_config(tmp_path, host=host, public=True).loopback is loopback


def test_off_is_off_and_no_is_norway_as_in_documents(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("gateway: off\nhome_site: NO\npublic: yes\n")
    config = read_config(tmp_path)
    assert (config.gateway, config.home_site, config.public) == ("off", "NO", True)


def test_a_file_of_comments_says_nothing(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("# home_site: narvik\n")
    assert read_config(tmp_path).home_site == ""
