import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgrec.query.analyser import Analyser, Token
from kgrec.query.normalise import normalise

ANALYSER = Analyser()
anything = st.text(st.characters(categories=["L", "M", "N", "P", "S", "Z", "C"]), max_size=60)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("Running Shoes", ["run", "shoe"]),
        ("the camera with a lens", ["camera", "len"]),
        ("The it", ["the", "it"]),
        ("运动鞋", ["运动鞋", "运动", "鞋", "动鞋"]),
        ("運動鞋", ["运动鞋", "运动", "鞋", "动鞋"]),
        ("我的鞋", ["鞋", "我的", "的鞋"]),
        ("ＮＩＫＥ运动", ["nike", "运动"]),
        ("12.1 MP", ["12.1", "mp"]),
        ("15.6寸", ["15.6", "寸"]),
        ("women’s T-shirt", ["women", "tshirt", "shirt"]),
        ("Zoë's café", ["zoë", "café"]),
        ("кроссовки", ["кроссовки"]),
        ("👟🔥 --- '' ..", []),
        ("", []),
    ],
)
def test_tokens(text: str, tokens: list[str]) -> None:
    assert ANALYSER.tokens(text) == tokens


def test_a_query_and_a_title_meet_over_a_model_number() -> None:
    title = set(ANALYSER.tokens("Sony XBR-55HX929 LED 1080p"))
    for query in ("xbr55hx929", "XBR 55HX929", "hx929", "1080", "ＸＢＲ－５５ＨＸ９２９"):
        assert set(ANALYSER.tokens(query)) <= title, query


def test_words_of_a_catalogue_are_kept_whole() -> None:
    assert "百思图" not in ANALYSER.tokens("粗跟百思图")
    assert "百思图" in Analyser(words=["百思圖", "too long to be a word", "x"]).tokens("粗跟百思图")
    # The dictionary of one analyser is not that of another.
    assert "百思图" not in Analyser().tokens("粗跟百思图")


def test_stop_words_and_stemming_can_be_switched_off() -> None:
    assert Analyser(stop_words=False, stem=False).tokens("the shoes") == ["the", "shoes"]


def test_spans_point_into_the_original() -> None:
    text = "  ＮＩＫＥ\u200b's 運動鞋, running"
    spans = ANALYSER.spans(text)
    assert Token("nike", 2, 9) in spans
    assert [text[token.start : token.end] for token in spans if token.text in ("运动", "run")] == [
        "運動",
        "running",
    ]


def test_words_to_spell_leave_numbers_and_han_out() -> None:
    assert ANALYSER.words("multi-zone xbr-55hx 运动 it's 1080p") == ["multi", "zone", "it", "s"]


@given(anything)
def test_any_string_has_tokens_that_are_normalised(text: str) -> None:
    tokens = ANALYSER.tokens(text)
    assert all(token and not token.isspace() for token in tokens)
    for token in ANALYSER.spans(text):
        assert 0 <= token.start < token.end <= len(text)
    assert ANALYSER.tokens_of_normalised(normalise(text, None)) == tokens


@given(st.text(st.sampled_from("aB ＮＩ運动鞋男-'5.xé,"), max_size=25))
def test_spans_are_the_tokens(text: str) -> None:
    assert [token.text for token in ANALYSER.spans(text)] == ANALYSER.tokens(text)
