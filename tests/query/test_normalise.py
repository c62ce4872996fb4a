import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kgrec.query.normalise import has_han, normalise, normalise_aligned

# Hypothesis leaves lone surrogates out of text() unless asked.
anything = st.text(st.characters(categories=["L", "M", "N", "P", "S", "Z", "C"]), max_size=80)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ＮＩＫＥ　运动鞋", "nike 运动鞋"),
        ("運動鞋", "运动鞋"),
        ("乾隆 乾燥", "乾隆 干燥"),
        ("Straße", "strasse"),
        ("  a \t\n b  ", "a b"),
        ("run\u0000ning\u200b shoes\u202e", "running shoes"),
        ("\ud800x", "x"),
        ("①②", "12"),
        ("Cafe\u0301", "café"),
        ("", ""),
        ("\u200b", ""),
        ("'; DROP TABLE items; --", "'; drop table items; --"),
        ("حذاء رياضي", "حذاء رياضي"),
    ],
)
def test_one_spelling(text: str, expected: str) -> None:
    assert normalise(text) == expected


@example("\ufdfa" * 40)
@example("a" * 10_000)
@example("e\u0301" * 5_000)
@example("\u0345\u0399")
@given(anything)
def test_any_string_gives_clean_text(text: str) -> None:
    result = normalise(text)
    assert len(result) <= 512
    assert result == " ".join(result.split())
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs") for char in result)
    assert unicodedata.is_normalized("NFKC", result)
    result.encode("utf-8")


@given(st.text(st.sampled_from("aBßé \tＡ運动鞋ﬁ\u200b0①"), max_size=30))
def test_normalising_twice_changes_nothing(text: str) -> None:
    assert normalise(normalise(text)) == normalise(text)


@given(anything)
def test_alignment_points_into_the_original(text: str) -> None:
    aligned, starts, ends = normalise_aligned(text)
    assert len(starts) == len(ends) == len(aligned)
    assert starts == sorted(starts) and ends == sorted(ends)
    for char, start, end in zip(aligned, starts, ends, strict=True):
        assert 0 <= start < end <= len(text)
        assert char.isspace() or char in normalise(text[start:end], None)


def test_alignment_over_characters_that_grow_and_vanish() -> None:
    assert normalise_aligned("ﬁ\u200bＮ運¼") == ("fin运1⁄4", [0, 0, 2, 3, 4, 4, 4], [1, 1, 3, 4, 5, 5, 5])


def test_cut_at_the_end_and_unlimited() -> None:
    assert normalise("word " * 1000, 7) == "word wo"
    assert normalise("word " * 1000, 5) == "word"
    assert len(normalise("x" * 5000, None)) == 5000


def test_han() -> None:
    assert has_han("a运") and has_han("\U00020000") and not has_han("ひらがな abc")
