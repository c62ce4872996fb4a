import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgrec.query.analyser import Analyser
from kgrec.query.understanding import QueryUnderstanding
from kgrec.retrieval.highlight import highlight

ANALYSER = Analyser()
UNDERSTANDING = QueryUnderstanding(ANALYSER, None, None)


@pytest.mark.parametrize(
    ("text", "query", "marked"),
    [
        ("Nike Running Shoes", "shoe nike", ["Nike", "Shoes"]),
        ("ＮＩＫＥ 運動鞋 男", "nike 运动鞋", ["ＮＩＫＥ", "運動鞋"]),
        ("舒适运动休闲鞋", "运动鞋", ["运动", "鞋"]),
        ("Sony XBR-55HX929", "hx929", ["HX929"]),
        ("Sony XBR-55HX929", "xbr55hx929", ["XBR-55HX929"]),
        ("the nike of the north", "the nike", ["nike"]),
        ("nothing here", "nike", []),
        ("nothing here", "", []),
        ("", "nike", []),
    ],
)
def test_marked_by_hand(text: str, query: str, marked: list[str]) -> None:
    places = highlight(text, UNDERSTANDING.understand(query), ANALYSER)
    assert [text[start:end] for start, end in places] == marked


@given(st.text(st.sampled_from("aB ＮＩ运動鞋男-'5.xé,\u200b\ud800"), max_size=30), st.text(max_size=10))
def test_places_are_in_order_and_apart(text: str, query: str) -> None:
    places = highlight(text, UNDERSTANDING.understand(query + text[:5]), ANALYSER)
    flat = [place for pair in places for place in pair]
    assert flat == sorted(set(flat)) and (not flat or (flat[0] >= 0 and flat[-1] <= len(text)))
