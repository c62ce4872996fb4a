import logging
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgrec.errors import ConfigError
from kgrec.tracking.pseudonyms import Pseudonyms, key_path, load_pseudonyms


def test_value_worked_by_hand() -> None:
    # RFC 4231, test case 2: key "Jefe", data "what do ya want for nothing?".
    assert Pseudonyms(b"Jefe").of("what do ya want for nothing?") == "user-5bdcc146bf60754e"


@given(st.text(), st.text())
def test_equal_only_for_equal_ids_and_keys(first: str, second: str) -> None:
    pseudonyms = Pseudonyms(b"k" * 32)
    assert (pseudonyms.of(first) == pseudonyms.of(second)) == (first == second)
    assert Pseudonyms(b"l" * 32).of(first) != pseudonyms.of(first)


def test_number_and_text_are_the_same_user() -> None:
    pseudonyms = Pseudonyms(b"k" * 32)
    assert pseudonyms.of_all([196, "196"]) == [pseudonyms.of("196")] * 2


def test_frame_equals_one_by_one_and_keeps_the_rest() -> None:
    pseudonyms = Pseudonyms(b"k" * 32)
    frame = pl.DataFrame({"user": ["b", "a", None, "b"], "item": ["1", "2", "3", "4"]})
    renamed = pseudonyms.in_frame(frame)
    b, a = pseudonyms.of("b"), pseudonyms.of("a")
    assert renamed["user"].to_list() == [b, a, None, b]
    assert renamed["item"].equals(frame["item"])
    assert pseudonyms.in_frame(frame.clear())["user"].dtype == pl.String


def test_key_file_is_made_once_and_private() -> None:
    first = load_pseudonyms().of("196")
    assert load_pseudonyms().of("196") == first
    assert stat.S_IMODE(key_path().stat().st_mode) == 0o600
    assert len(key_path().read_bytes()) == 32
    assert [path.name for path in key_path().parent.iterdir()] == ["pseudonym.key"]
    key_path().unlink()
    assert load_pseudonyms().of("196") != first


def test_many_at_once_get_one_key() -> None:
    with ThreadPoolExecutor(16) as pool:
        assert len(set(pool.map(lambda _: load_pseudonyms().of("196"), range(64)))) == 1


def test_environment_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KGREC_PSEUDONYM_KEY", "k" * 32)
    assert load_pseudonyms().of("196") == Pseudonyms(b"k" * 32).of("196")
    assert not key_path().exists()


def test_empty_environment_is_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KGREC_PSEUDONYM_KEY", "")
    load_pseudonyms()
    assert key_path().exists()


def test_short_key_is_warned_about(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setenv("KGREC_PSEUDONYM_KEY", "short")
    with caplog.at_level(logging.WARNING):
        load_pseudonyms()
    assert "KGREC_PSEUDONYM_KEY has 5 bytes" in caplog.text
    assert "short'" not in caplog.text


def test_damaged_key_file_is_refused() -> None:
    key_path().parent.mkdir(parents=True)
    key_path().write_bytes(b"half")
    with pytest.raises(ConfigError, match=r"pseudonym\.key has 4 bytes, a key has 32"):
        load_pseudonyms()


def test_cache_folder_follows_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("KGREC_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert key_path() == tmp_path / "xdg" / "kgrec" / "pseudonym.key"
