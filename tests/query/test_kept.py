import logging
from pathlib import Path

import pytest

from kgrec.errors import RunError
from kgrec.query import kept as module
from kgrec.query.analyser import Analyser
from kgrec.query.kept import kept, key_of
from kgrec.query.word_counts import word_counts


def test_a_key_depends_on_texts_order_borders_settings_and_code(monkeypatch: pytest.MonkeyPatch) -> None:
    key = key_of(["red shoe", "鞋"], "k1 1.5")
    assert key == key_of(iter(["red shoe", "鞋"]), "k1 1.5")
    others = [
        key_of(["鞋", "red shoe"], "k1 1.5"),
        key_of(["red shoe鞋"], "k1 1.5"),
        key_of(["red shoe", "鞋", ""], "k1 1.5"),
        key_of(["red shoe", "鞋"], "k1 1.2"),
    ]
    monkeypatch.setattr(module, "_analysis", lambda: "another analyser")
    others.append(key_of(["red shoe", "鞋"], "k1 1.5"))
    assert len({key, *others}) == 6
    key_of(["a lone surrogate \ud800"], "")


def test_what_is_kept_is_made_once(tmp_path: Path) -> None:
    made: list[int] = []

    def make() -> str:
        made.append(1)
        return "counted"

    def save(value: str, path: Path) -> None:
        path.write_text(value)

    for _ in range(2):
        assert kept(tmp_path, "one", Path.read_text, make, save) == "counted"
    assert len(made) == 1
    assert kept(None, "", Path.read_text, make, save) == "counted"
    assert len(made) == 2 and [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_folder_that_fails_costs_a_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    def load(path: Path) -> str:
        raise RunError(f"{path}: torn")

    def save(value: str, path: Path) -> None:
        raise OSError("disk full")

    (tmp_path / "one").write_text("")
    with caplog.at_level(logging.WARNING):
        assert kept(tmp_path, "one", load, lambda: "again", save) == "again"
    assert "torn" in caplog.text and "disk full" in caplog.text


def test_words_are_counted_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    texts = ["Red shoe, red lace", "运动鞋 Nike's 55hx929", ""]
    counts = word_counts(texts, Analyser(), tmp_path)
    assert counts == {"red": 2, "shoe": 1, "lace": 1, "nike": 1, "s": 1}
    (path,) = tmp_path.iterdir()

    def never(self: Analyser, text: str) -> list[str]:
        raise AssertionError("read again")

    with monkeypatch.context() as patched:
        patched.setattr(Analyser, "words", never)
        assert word_counts(texts, Analyser(), tmp_path) == counts
    for broken in ("{", "[]", '{"red": null}'):
        path.write_text(broken)
        assert word_counts(texts, Analyser(), tmp_path) == counts
        assert path.read_text() != broken
