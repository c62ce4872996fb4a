import time
from collections.abc import Callable

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kgrec.data.config import DataConfig
from kgrec.data.dataset import Dataset
from kgrec.data.tables import Tables
from kgrec.query.analyser import Analyser
from kgrec.query.understanding import QueryUnderstanding, language
from kgrec.retrieval.search_dataset import catalogue_dataset


@pytest.fixture(scope="module")
def understanding(bilingual: Dataset) -> QueryUnderstanding:
    return QueryUnderstanding.from_catalogue(bilingual, template="{title} {description}")


def test_all_of_a_query(understanding: QueryUnderstanding) -> None:
    query = understanding.understand("  ＮＩＫＥ Runing-shoos 運動鞋")
    assert query.text == "  ＮＩＫＥ Runing-shoos 運動鞋"
    assert query.normalised == "nike runing-shoos 运动鞋"
    assert query.corrected == (("runing", "running"), ("shoos", "shoes"))
    assert query.rewritten == "nike running-shoes 运动鞋"
    assert {"nike", "run", "shoe", "运动鞋"} <= set(query.tokens)
    assert [(link.id, link.span) for link in query.links] == [("b:nike", (0, 4)), ("c:shoes", (5, 18))]
    assert query.language == "mixed" and not query.empty


def test_a_correction_changes_whole_words_only(understanding: QueryUnderstanding) -> None:
    query = understanding.understand("shos xshosx sho's")
    assert query.corrected == (("shos", "shoes"),)
    assert query.rewritten == "shoes xshosx sho's"


def test_a_word_that_touches_han_is_corrected_in_the_text(understanding: QueryUnderstanding) -> None:
    query = understanding.understand("红色shos运动鞋")
    assert query.corrected == (("shos", "shoes"),)
    assert query.rewritten == "红色shoes运动鞋"
    assert "shoe" in query.tokens


def test_words_of_hidden_columns_are_unknown(bilingual: Dataset) -> None:
    seen = QueryUnderstanding.from_catalogue(bilingual, template="{title} {state}")
    hidden = QueryUnderstanding.from_catalogue(bilingual, ["state"], template="{title} {state}")
    assert seen.speller is not None and hidden.speller is not None
    assert seen.speller.knows("sale") and not hidden.speller.knows("sale")
    assert hidden.understand("sonny").corrected == (("sonny", "sony"),)


def test_a_title_is_spelt_rightly_where_descriptions_are_searched() -> None:
    catalogue = pl.DataFrame({"item": ["a", "b", "c"], "title": ["Vogue", "Wired", "Forbes"]})
    catalogue = catalogue.with_columns(description=pl.lit("a vague and weird magazine of forces"))
    nobody = pl.DataFrame(schema={"user": pl.String, "item": pl.String})
    magazines = catalogue_dataset(
        Tables(nobody, None, catalogue), DataConfig(name="magazines", catalogue_items=True)
    )
    query = QueryUnderstanding.from_catalogue(magazines, template="{description}").understand("vogue")
    assert query.corrected == () and [link.label for link in query.links] == ["Vogue"]


def test_without_speller_and_linker() -> None:
    query = QueryUnderstanding(Analyser(), None, None).understand("runing shoos")
    assert query.tokens == ("rune", "shoo") and query.links == () and query.corrected == ()


@pytest.mark.parametrize(
    ("text", "expected"), [("运动", "zh"), ("shoe", "en"), ("nike 鞋", "mixed"), ("123 !", ""), ("", "")]
)
def test_language(text: str, expected: str) -> None:
    assert language(text) == expected


ODD = [
    "",
    " \t\n",
    "x" * 10_000,
    "鞋" * 10_000,
    "ﷺ" * 10_000,
    "👟👨‍👩‍👧‍👦🇨🇳",
    "\x00\x07\x1b[31m",
    "\ud800\udfff",
    "\"'`“”‘’«»",
    "'; DROP TABLE items; --",
    "a AND b OR NOT (c:*)",
    "\u202eحذاء\u202c שלום",
    "运动鞋running靴子",
    "a\\1\\g<0>",
    "z\u0335\u0301" * 500,
]


@pytest.mark.parametrize("text", ODD)
def test_odd_queries_are_understood_fast(understanding: QueryUnderstanding, text: str) -> None:
    started = time.perf_counter()
    query = understanding.understand(text)
    # Generous: a quadratic regular expression would take minutes.
    assert time.perf_counter() - started < 2
    assert query.text == text and len(query.normalised) <= 512
    assert query.empty == (len(query.tokens) == 0)


@given(st.text(st.characters(categories=["L", "M", "N", "P", "S", "Z", "C"]), max_size=100))
@example("runing\\1 shoos\\g<0>")
def test_any_string_is_understood(understanding: QueryUnderstanding, text: str) -> None:
    query = understanding.understand(text)
    for link in query.links:
        assert 0 <= link.span[0] < link.span[1] <= len(query.rewritten)
    assert all(query.tokens)


def test_ways_to_write_one_query_on_a_real_catalogue(
    real_catalogue: Callable[[str], tuple[Dataset, str]],
) -> None:
    dataset, template = real_catalogue("zh-shop")
    understanding = QueryUnderstanding.from_catalogue(dataset, template=template)
    simplified, traditional = understanding.understand("运动鞋"), understanding.understand("運動鞋")
    assert simplified.tokens == traditional.tokens and simplified.tokens[:3] == ("运动鞋", "运动", "鞋")
    wide, plain = understanding.understand("ＮＩＫＥ"), understanding.understand("nike")
    assert wide.tokens == plain.tokens == ("nike",)
    assert [link.id for link in wide.links] == [link.id for link in plain.links] == ["NIKE"]
    blind = QueryUnderstanding.from_catalogue(dataset, ["brand"], template)
    assert blind.understand("nike").links == ()


def test_titles_of_a_real_catalogue_are_linked(
    real_catalogue: Callable[[str], tuple[Dataset, str]],
) -> None:
    dataset, template = real_catalogue("zh-titles")
    understanding = QueryUnderstanding.from_catalogue(dataset, template=template)
    query = understanding.understand("小米手机")
    assert [(link.id, "product_type" in link.relations) for link in query.links] == [
        ("小米", True),
        ("手机", True),
    ]
    assert query.links[0].relations[0] == "brand"
    blind = QueryUnderstanding.from_catalogue(dataset, ["product_type", "brand", "model"], template)
    assert blind.understand("小米手机").links == ()
