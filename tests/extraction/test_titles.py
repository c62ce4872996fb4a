import os
from pathlib import Path

import polars as pl
import pytest

from kgrec.extraction.dictionary import DictionaryMatcher
from kgrec.extraction.titles import Titles, compare_extractors, cross_tagged, extract, fold_of, held_out

BRANDS = ["耐克", "阿迪", "李宁", "安踏"]


def shop(items: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    ids = [f"i{n}" for n in range(items)]
    titles = [f"新款{BRANDS[n % 4]}运动鞋xq{n}" for n in range(items)]
    facts = [(item, "brand", BRANDS[n % 4]) for n, item in enumerate(ids)]
    facts += [(item, "model", f"xq{n}") for n, item in enumerate(ids)]
    catalogue = pl.DataFrame({"item": ids, "title": titles})
    return catalogue, pl.DataFrame(facts, schema=["head", "relation", "tail"], orient="row")


def test_a_fifth_is_held_out_by_the_id_alone() -> None:
    share = sum(held_out(f"i{n}") for n in range(5000)) / 5000
    assert 0.18 < share < 0.22
    assert held_out("i7") == held_out("i7")


def test_titles_keep_their_facts() -> None:
    titles = Titles.build(pl.DataFrame({"item": ["a", "b"], "title": ["耐克鞋", None]}), shop(1)[1])
    assert titles.mentions == [[], []] and titles.texts == ["耐克鞋", ""]
    assert [len(found) for found in Titles.build(*shop(3)).mentions] == [2, 2, 2]


def test_mentions_become_facts_once() -> None:
    found = extract(DictionaryMatcher({"鞋": "type"}), ["a", "b"], ["鞋 鞋", "帽"])
    assert found.rows() == [("a", "type", "鞋")]


def test_the_tagger_finds_models_that_the_dictionary_cannot_know(tmp_path: Path) -> None:
    table = compare_extractors(*shop(150), tmp_path / "model")
    f1 = {(row["extractor"], row["relation"]): row["f1"] for row in table.to_dicts()}
    assert f1["dictionary", "brand"] == f1["tagger", "brand"] == 1.0
    assert f1["dictionary", "model"] == 0.0
    assert f1["tagger", "model"] > 0.95
    truth = table.filter((pl.col("relation") == "all") & (pl.col("extractor") == "tagger"))["true"][0]
    assert truth == 2 * sum(held_out(f"i{n}") for n in range(150))


def test_nearly_all_facts_of_the_real_titles_can_be_placed() -> None:
    folder = Path(os.environ.get("KGREC_DATA", "")) / "zh-titles"
    if not (folder / "items.csv").is_file():
        pytest.skip("needs zh-titles: set KGREC_DATA")
    catalogue = pl.read_csv(folder / "items.csv", infer_schema=False).rename({"item_id": "item"})
    triples = pl.read_csv(folder / "triples.csv", infer_schema=False)
    titles = Titles.build(catalogue, triples)
    placed = [
        (item, span.kind, text[span.start : span.stop])
        for item, text, spans in zip(titles.items, titles.texts, titles.mentions, strict=True)
        for span in spans
    ]
    assert set(placed) <= set(triples.rows())
    assert len(set(placed)) > 0.997 * triples.height


def test_a_titles_own_tags_do_not_reach_its_tagger(tmp_path: Path) -> None:
    def in_first(frame: pl.DataFrame) -> pl.Series:
        return pl.Series([fold_of(item, 3) == 0 for item in frame["head"]], dtype=pl.Boolean)

    catalogue, triples = shop(60)
    found = cross_tagged(catalogue, triples, tmp_path / "true", folds=3)
    assert set(found["relation"]) <= {f"found_{name}" for name in triples["relation"]}
    without = cross_tagged(catalogue, triples.filter(~in_first(triples)), tmp_path / "without", folds=3)
    assert found.filter(in_first(found)).height > 0
    assert found.filter(in_first(found)).equals(without.filter(in_first(without)))
    assert not found.equals(without)
