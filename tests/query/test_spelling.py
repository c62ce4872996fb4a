import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgrec.query.analyser import Analyser
from kgrec.query.spelling import Speller

COUNTS = {
    "connector": 1,
    "convector": 90,
    "television": 5,
    "shoes": 30,
    "shows": 3,
    "camera": 20,
    "cable": 9,
    "table": 9,
    "tv": 50,
    "café": 2,
}
SPELLER = Speller.from_counts(COUNTS, Analyser().stemmed)


@pytest.mark.parametrize(
    ("word", "correct"),
    [
        ("televison", "television"),
        ("tleevison", "television"),
        ("tlvisn", "tlvisn"),  # three edits
        ("cmaera", "camera"),  # a transposition is one edit
        ("cmera", "camera"),
        ("cxmexa", "cxmexa"),  # two edits are too many for six characters
        ("shoxs", "shoes"),  # of two as near the more frequent one
        ("conneector", "connector"),  # the nearer one, however rare
        ("zable", "cable"),  # of two as frequent the first
        ("shoe", "shoe"),  # its stem is known
        ("tx", "tx"),  # too short
        ("cam3ra", "cam3ra"),  # a number
        ("运动协鞋鞋", "运动协鞋鞋"),
        ("cafe", "café"),
        ("zzzzzzzz", "zzzzzzzz"),
        ("", ""),
        ("televison" * 50, "televison" * 50),
    ],
)
def test_corrections_by_hand(word: str, correct: str) -> None:
    assert SPELLER.correct(word) == correct


def test_an_empty_catalogue_knows_nothing() -> None:
    speller = Speller.from_counts({})
    assert not speller.knows("shoe") and speller.correct("shoe") == "shoe"


@given(st.text(max_size=40))
def test_what_comes_out_is_the_word_or_a_known_one(word: str) -> None:
    assert SPELLER.correct(word) in {word, *COUNTS}
