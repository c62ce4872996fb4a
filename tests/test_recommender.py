"""A loaded run answers in external ids, as its directory alone allows."""

import logging
from collections.abc import Callable

import polars as pl
import pytest

from kgrec.errors import UnknownIdError
from kgrec.models.config import MODEL_CONFIGS
from kgrec.recommender import Recommender
from kgrec.run import Run

MODELS = sorted(MODEL_CONFIGS)


@pytest.mark.parametrize("model", MODELS)
def test_recommendations_are_the_saved_ranking(model: str, trained: Callable[[str], Run]) -> None:
    run = trained(model)
    recommender = Recommender.load(run.path)
    saved = run.read_table("top_k.parquet").filter(pl.col("rank") <= 5)
    users = recommender.users.ids
    for user, hits in zip(users, recommender.recommend(users, 5), strict=True):
        expected = saved.filter(pl.col("user") == user).sort("rank")
        assert [hit.item for hit in hits] == expected["item"].to_list()
        assert [hit.score for hit in hits] == pytest.approx(expected["score"].to_list(), rel=1e-5, abs=1e-6)


def test_titles_come_with_the_hits(trained: Callable[[str], Run]) -> None:
    hit = Recommender.load(trained("ease").path).recommend(["u00"], 1)[0][0]
    words = ["running shoe", "wool blanket", "frying pan"]
    number = int(hit.item[1:])
    assert hit.title == f"{words[number % 3]} {number}"


def test_seen_items_are_left_out_unless_asked_for(trained: Callable[[str], Run]) -> None:
    run = trained("ease")
    recommender = Recommender.load(run.path)
    past = run.read_table("seen.parquet").filter((pl.col("user") == "u01") & (pl.col("part") != "test"))
    fresh = recommender.recommend(["u01"], 30)[0]
    every = recommender.recommend(["u01"], 30, exclude_seen=False)[0]
    assert not {hit.item for hit in fresh} & set(past["item"])
    assert {hit.item for hit in every} == set(recommender.items.ids)
    assert len(fresh) == len(every) - past.height


@pytest.mark.parametrize("model", ["ease", "lightgcn", "kgrec", "item_knn"])
def test_a_new_person_gets_what_fits_the_history(model: str, trained: Callable[[str], Run]) -> None:
    recommender = Recommender.load(trained(model).path)
    blankets = [item for item in recommender.items.ids if int(item[1:]) % 3 == 1]
    hits = recommender.recommend_for_history(blankets[:4], 5)
    assert not {hit.item for hit in hits} & set(blankets[:4])
    assert sum(hit.item in blankets for hit in hits) >= 3


def test_unknown_users_get_the_popular_items_in_their_place(
    trained: Callable[[str], Run], caplog: pytest.LogCaptureFixture
) -> None:
    recommender = Recommender.load(trained("lightgcn").path)
    with caplog.at_level(logging.WARNING):
        known, unknown, again = recommender.recommend(["u02", "nobody", "u02"], 4)
    assert unknown == recommender.popular(4)
    assert known == again
    assert known != unknown
    assert "'nobody'" in caplog.text


def test_unknown_items_in_a_history_are_left_out(
    trained: Callable[[str], Run], caplog: pytest.LogCaptureFixture
) -> None:
    recommender = Recommender.load(trained("lightgcn").path)
    item = recommender.items.ids[0]
    with caplog.at_level(logging.WARNING):
        assert recommender.recommend_for_history([item, "no such"], 3) == recommender.recommend_for_history(
            [item], 3
        )
    assert "'no such'" in caplog.text
    assert recommender.recommend_for_history(["no such"], 3) == recommender.popular(3)
    assert recommender.recommend_for_history([], 3) == recommender.popular(3)


def test_weights_of_a_history_matter(trained: Callable[[str], Run]) -> None:
    recommender = Recommender.load(trained("lightgcn").path)
    first, second = "i00", "i01"
    towards_first = recommender.recommend_for_history({first: 100.0, second: 0.01}, 5)
    assert [hit.item for hit in towards_first][:3] == [
        hit.item for hit in recommender.recommend_for_history([first], 6) if hit.item != second
    ][:3]


def test_similar_items_share_the_taste_and_never_include_the_item(trained: Callable[[str], Run]) -> None:
    recommender = Recommender.load(trained("ease").path)
    near, other = recommender.similar(["i00", "i01"], 4)
    assert "i00" not in {hit.item for hit in near}
    assert sum(int(hit.item[1:]) % 3 == 0 for hit in near) >= 3
    assert near != other
    with pytest.raises(UnknownIdError, match="item 'no such' is unknown"):
        recommender.similar(["no such"])
