import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kgrec.data.dataset import Dataset
from kgrec.errors import RunError
from kgrec.query.analyser import Analyser
from kgrec.query.understanding import QueryUnderstanding
from kgrec.retrieval.base import Retriever
from kgrec.retrieval.documents import documents
from kgrec.retrieval.lexical import LexicalConfig, LexicalRetriever

TEMPLATE = "{title} {description}"


@pytest.fixture(scope="module")
def understanding(bilingual: Dataset) -> QueryUnderstanding:
    return QueryUnderstanding.from_catalogue(bilingual, template=TEMPLATE)


@pytest.fixture(scope="module")
def retriever(bilingual: Dataset, understanding: QueryUnderstanding) -> LexicalRetriever:
    return LexicalRetriever.build(documents(bilingual, TEMPLATE), understanding.analyser)


def found(
    dataset: Dataset, retriever: LexicalRetriever, understanding: QueryUnderstanding, text: str
) -> list[str]:
    candidates = retriever.retrieve(understanding.understand(text), None, None, 10)
    assert np.all(np.diff(candidates.scores) <= 0) and np.all(candidates.scores > 0)
    return [dataset.items.ids[row] for row in candidates.items]


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("運動鞋", ["i1"]),
        ("runing shoos", ["i0", "i1"]),  # i1 by the label of its category
        ("ＮＩＫＥ", ["i0", "i1"]),  # i1 by its brand
        ("hx929", ["i2"]),
        ("xbr55hx929", ["i2"]),
        ("the", []),
        ("quux", []),
        ("", []),
    ],
)
def test_items_that_share_words(
    bilingual: Dataset,
    retriever: LexicalRetriever,
    understanding: QueryUnderstanding,
    text: str,
    items: list[str],
) -> None:
    assert found(bilingual, retriever, understanding, text) == items


def test_it_is_a_retriever(retriever: LexicalRetriever) -> None:
    assert isinstance(retriever, Retriever) and retriever.name == "lexical"


def test_fields_add_up_by_their_weights(bilingual: Dataset, understanding: QueryUnderstanding) -> None:
    docs, tokens = documents(bilingual, TEMPLATE), ["nike", "shoe"]

    def scores(text: float, facts: float) -> np.ndarray:
        config = LexicalConfig(text_weight=text, facts_weight=facts)
        return LexicalRetriever.build(docs, understanding.analyser, config).scores(tokens)

    np.testing.assert_allclose(scores(2.0, 0.3), 2 * scores(1.0, 0.0) + 0.3 * scores(0.0, 1.0), rtol=1e-6)
    assert scores(1.0, 0.0)[bilingual.items.row("i1")] == 0 < scores(0.0, 1.0)[bilingual.items.row("i1")]


def test_a_repeated_token_counts_once(retriever: LexicalRetriever) -> None:
    np.testing.assert_array_equal(retriever.scores(["nike"] * 3), retriever.scores(["nike"]))


def test_filters_and_k_bound_the_answer(
    bilingual: Dataset, retriever: LexicalRetriever, understanding: QueryUnderstanding
) -> None:
    query = understanding.understand("nike")
    assert len(retriever.retrieve(query, None, None, 1)) == 1
    allowed = np.zeros(7, bool)
    allowed[bilingual.items.row("i1")] = True
    assert retriever.retrieve(query, None, None, 5, allowed).items.tolist() == [bilingual.items.row("i1")]


def test_hidden_relations_are_not_searched(bilingual: Dataset, understanding: QueryUnderstanding) -> None:
    docs = documents(bilingual, TEMPLATE, ["brand"])
    blind = LexicalRetriever.build(docs, understanding.analyser)
    assert found(bilingual, blind, understanding, "nike") == ["i0"]


def test_saved_and_loaded(retriever: LexicalRetriever, tmp_path: Path) -> None:
    retriever.save(tmp_path / "index")
    loaded = LexicalRetriever.load(tmp_path / "index")
    tokens = ["shoe", "运动", "nike"]
    np.testing.assert_array_equal(loaded.scores(tokens), retriever.scores(tokens))
    assert not [path for path in tmp_path.rglob("*") if path.suffix in (".pkl", ".pickle")]
    with pytest.raises(RunError, match="no lexical index"):
        LexicalRetriever.load(tmp_path / "nothing")


@pytest.mark.parametrize("text", ["运动鞋", "運動鞋", "ＮＩＫＥ", "nike", "NIKE 运动鞋"])
def test_both_nike_shoes_lead_a_real_shop(
    real_catalogue: Callable[[str], tuple[Dataset, str]], text: str
) -> None:
    dataset, template = real_catalogue("zh-shop")
    # Brands and categories are hidden: the words of the titles have to do.
    hidden = ["brand", "category"]
    understanding = QueryUnderstanding.from_catalogue(dataset, hidden, template)
    retriever = LexicalRetriever.build(documents(dataset, template, hidden), understanding.analyser)
    assert set(found(dataset, retriever, understanding, text)[:2]) == {"m35", "m36"}


def test_types_find_their_titles_on_a_real_catalogue(
    real_catalogue: Callable[[str], tuple[Dataset, str]],
) -> None:
    dataset, template = real_catalogue("zh-titles")
    hidden = ["product_type", "brand", "model"]
    understanding = QueryUnderstanding.from_catalogue(dataset, hidden, template)
    retriever = LexicalRetriever.build(documents(dataset, template, hidden), understanding.analyser)
    facts = dataset.triples.filter(dataset.triples["relation"] == "product_type")
    truth = dict(facts.group_by("tail").agg("head").iter_rows())
    for word in ("运动鞋", "四件套", "行车记录仪", "耳机"):
        hits = set(found(dataset, retriever, understanding, word)) & set(truth[word])
        assert len(hits) >= 0.8 * min(10, len(truth[word])), word


def test_an_index_is_built_once_for_the_same_texts(
    bilingual: Dataset,
    understanding: QueryUnderstanding,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    docs, analyser, config = documents(bilingual, TEMPLATE), understanding.analyser, LexicalConfig()
    first = LexicalRetriever.kept(docs, analyser, config, tmp_path)
    (folder,) = tmp_path.iterdir()
    with monkeypatch.context() as patched:
        patched.setattr(LexicalRetriever, "build", None)
        again = LexicalRetriever.kept(docs, analyser, config, tmp_path)
    assert again.scores(["nike"]).tolist() == first.scores(["nike"]).tolist() and again.scores(["nike"]).any()
    # Another weight, another text or another word of the dictionary is another index.
    LexicalRetriever.kept(docs, analyser, LexicalConfig(k1=1.2), tmp_path)
    LexicalRetriever.kept(replace(docs, facts=docs.facts[::-1]), analyser, config, tmp_path)
    LexicalRetriever.kept(docs, Analyser(words=["跑步鞋"]), config, tmp_path)
    assert len(list(tmp_path.iterdir())) == 4

    def json_torn() -> None:
        (folder / "text" / "field.json").write_text("{")

    def array_empty() -> None:
        next((folder / "facts").glob("*.npy")).write_bytes(b"")

    def field_lost() -> None:
        shutil.rmtree(folder / "facts")

    for broken in (json_torn, array_empty, field_lost):
        broken()
        healed = LexicalRetriever.kept(docs, analyser, config, tmp_path)
        assert healed.scores(["nike"]).tolist() == first.scores(["nike"]).tolist()
        assert set(LexicalRetriever.load(folder).fields) == {"text", "facts"}
