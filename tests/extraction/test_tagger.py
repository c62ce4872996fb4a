from pathlib import Path

import pytest

from kgrec.errors import DataError
from kgrec.extraction.spans import align
from kgrec.extraction.tagger import Tagger, features

TYPES = ["手机", "电脑", "耳机", "键盘", "音箱"]
TEXTS = [f"新款xk-{n}00正品{TYPES[n % 5]}包邮" for n in range(20)]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("tagger") / "titles.crfsuite"
    facts = [[("model", f"xk-{n}00"), ("type", TYPES[n % 5])] for n in range(20)]
    Tagger.fit(TEXTS, [align(t, f) for t, f in zip(TEXTS, facts, strict=True)], path)
    return path


def test_a_model_number_never_seen_is_found_by_its_shape(model: Path) -> None:
    text = "清仓xk-987正品耳机包邮"
    found = [(text[s.start : s.stop], s.kind) for s in Tagger(model).spans(text)]
    assert found == [("xk-987", "model"), ("耳机", "type")]


@pytest.mark.parametrize("text", ["", " ", "😀\ud800\x00İ", "a" * 5000])
def test_any_text_is_tagged(model: Path, text: str) -> None:
    tagger = Tagger(model)
    for span in tagger.spans(text):
        assert 0 <= span.start < span.stop <= len(text)


def test_a_file_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no tagger"):
        Tagger(tmp_path / "missing")
    with pytest.raises(DataError, match="no title"):
        Tagger.fit(["", ""], [[], []], tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_every_character_has_features_and_words_have_a_shape() -> None:
    rows = features("买Mx850")
    assert len(rows) == 6
    assert {"shape=a0", "word=mx850", "shape=a0,first", "c-1=买"} <= set(rows[1])
    assert "shape=a0,later" in rows[5] and not any(f.startswith("word") for f in rows[0])
