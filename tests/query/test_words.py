import pytest

from kgrec.query.words import bigrams, han_pieces, word_pieces


@pytest.mark.parametrize(
    ("word", "pieces"),
    [
        ("shoe", ["shoe"]),
        ("xbr-55hx929", ["xbr55hx929", "xbr", "55hx929", "55", "hx929"]),
        ("1080p", ["1080p", "1080"]),
        ("12.1", ["12.1"]),
        ("12.1mp", ["12.1mp", "12.1", "mp"]),
        ("wi-fi", ["wifi", "wi", "fi"]),
        ("t-shirt", ["tshirt", "shirt"]),
        ("women's", ["women"]),
        ("mp3", ["mp3"]),
        ("511881-010", ["511881010", "511881", "010"]),
        ("802.11n", ["802.11n", "802.11"]),
    ],
)
def test_a_word_and_its_parts(word: str, pieces: list[str]) -> None:
    assert [piece for piece, _, _ in word_pieces(word)] == pieces


def test_places_of_parts() -> None:
    assert list(word_pieces("xbr-55hx"))[1:] == [("xbr", 0, 3), ("55hx", 4, 8), ("55", 4, 6), ("hx", 6, 8)]


def test_known_words_inside_a_chinese_word_and_what_they_leave() -> None:
    known = {"运动": 10, "动鞋": 0}
    assert list(han_pieces("运动鞋", known)) == [("运动鞋", 0, 3), ("运动", 0, 2), ("鞋", 2, 3)]
    assert [piece for piece, _, _ in han_pieces("百思图", known)] == ["百思图"]
    assert [piece for piece, _, _ in han_pieces("运动", known)] == ["运动"]


def test_pairs_that_are_no_pieces_yet() -> None:
    pieces = [("运动鞋", 0, 3), ("运动", 0, 2), ("男款", 3, 5)]
    assert bigrams("运动鞋男款", pieces) == [("动鞋", 1, 3), ("鞋男", 2, 4)]
    assert bigrams("鞋", [("鞋", 0, 1)]) == []
