import dataclasses
from pathlib import Path

import numpy as np
import pytest

from kgrec.errors import ConfigError, DataError
from kgrec.query.understanding import Query
from kgrec.retrieval.base import Candidates
from kgrec.retrieval.fusion import reciprocal_rank
from kgrec.retrieval.rank_features import FEATURES, rank_features
from kgrec.retrieval.ranker import LearnedRanker, RankerConfig, RankingData

QUERY = Query("a b", "a b", "a b", ("a", "b"), (), (), "en")
DENSE, LEXICAL = FEATURES.index("dense_score"), FEATURES.index("lexical_score")


def planted(n_queries: int, seed: int) -> RankingData:
    """Meaning decides the grade, with noise; words are a red herring, missing for half of the items."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(n_queries * 20, len(FEATURES))).astype(np.float32)
    features[rng.random(len(features)) < 0.5, LEXICAL] = np.nan
    noisy = features[:, DENSE] + 0.2 * rng.normal(size=len(features))
    return RankingData(features, np.digitize(noisy, [0.5, 1.5]), np.full(n_queries, 20))


def ndcg(grades: np.ndarray, scores: np.ndarray, k: int = 10) -> float:
    gains = (2.0 ** grades[np.argsort(-scores)] - 1)[:k] / np.log2(np.arange(2, k + 2))
    ideal = (2.0 ** np.sort(grades)[::-1] - 1)[:k] / np.log2(np.arange(2, k + 2))
    return float(gains.sum() / ideal.sum())


@pytest.fixture(scope="module")
def fitted() -> LearnedRanker:
    return LearnedRanker.fit(planted(60, 0), RankerConfig(trees=40), planted(20, 1))


def test_it_learns_which_retriever_to_believe(fitted: LearnedRanker) -> None:
    unseen = planted(30, 2)
    scores = fitted.scores(unseen.features)
    queries = [slice(start, start + 20) for start in range(0, 600, 20)]
    learned = np.mean([ndcg(unseen.grades[q], scores[q]) for q in queries])
    words = np.mean([ndcg(unseen.grades[q], np.nan_to_num(unseen.features[q, LEXICAL])) for q in queries])
    assert learned > 0.9 > words
    assert max(fitted.importance(), key=fitted.importance().__getitem__) == "dense_score"
    assert sum(fitted.importance().values()) == pytest.approx(1.0)


def test_a_saved_ranker_scores_as_before(fitted: LearnedRanker, tmp_path: Path) -> None:
    fitted.save(tmp_path / "ranker.txt")
    features = planted(3, 3).features
    again = LearnedRanker.load(tmp_path / "ranker.txt").scores(features)
    assert np.array_equal(again, fitted.scores(features))
    assert (tmp_path / "ranker.txt").read_text().startswith("tree")


def test_a_ranker_of_other_settings_is_refused(fitted: LearnedRanker, tmp_path: Path) -> None:
    path = tmp_path / "ranker.txt"
    settings = {"centre": "True", "depth": "200"}
    LearnedRanker(fitted.booster, settings).save(path)
    assert LearnedRanker.load(path, settings).settings == settings
    with pytest.raises(DataError, match="other centre; fit it again"):
        LearnedRanker.load(path, settings | {"centre": "False"})
    with pytest.raises(DataError, match="other rrf_k; fit it again"):
        LearnedRanker.load(path, settings | {"rrf_k": "60.0"})
    (tmp_path / "ranker.txt.json").unlink()
    with pytest.raises(DataError, match="no learned ranker"):
        LearnedRanker.load(path, settings)


def test_a_grade_may_stand_in_valid_queries_alone() -> None:
    valid = planted(20, 1)
    higher = dataclasses.replace(valid, grades=np.where(valid.grades > 0, valid.grades + 3, 0))
    assert LearnedRanker.fit(planted(60, 0), RankerConfig(trees=3), higher).booster.num_trees()
    beyond = dataclasses.replace(valid, grades=np.where(valid.grades > 0, 2_000, 0))
    with pytest.raises(ConfigError, match="a grade is 2000"):
        LearnedRanker.fit(planted(60, 0), RankerConfig(), beyond)


def test_the_same_seed_fits_the_same_ranker(fitted: LearnedRanker) -> None:
    again = LearnedRanker.fit(planted(60, 0), RankerConfig(trees=40), planted(20, 1))
    features = planted(3, 3).features
    assert np.array_equal(again.scores(features), fitted.scores(features))


def test_valid_queries_stop_it() -> None:
    noise = dataclasses.replace(planted(20, 1), grades=np.random.default_rng(5).integers(3, size=400))
    stopped = LearnedRanker.fit(planted(60, 0), RankerConfig(trees=100, patience=3), noise)
    assert stopped.booster.current_iteration() < 50


def test_nothing_to_learn_from_is_refused() -> None:
    flat = dataclasses.replace(planted(5, 0), grades=np.zeros(100, np.int64))
    with pytest.raises(ConfigError, match="nothing to learn from"):
        LearnedRanker.fit(flat, RankerConfig())
    with pytest.raises(ValueError, match="do not fit"):
        RankingData(np.zeros((3, 2), np.float32), np.zeros(3), np.array([3]))


def test_a_ranker_of_other_features_is_refused(fitted: LearnedRanker, tmp_path: Path) -> None:
    fitted.save(tmp_path / "ranker.txt")
    text = (tmp_path / "ranker.txt").read_text()
    (tmp_path / "ranker.txt").write_text(text.replace("dense_score", "dense_zcore"))
    with pytest.raises(DataError, match="fit it again"):
        LearnedRanker.load(tmp_path / "ranker.txt")
    (tmp_path / "ranker.txt").write_text("nothing of the kind")
    with pytest.raises(DataError, match="no learned ranker"):
        LearnedRanker.load(tmp_path / "ranker.txt")
    with pytest.raises(DataError, match="no learned ranker"):
        LearnedRanker.load(tmp_path / "nowhere.txt")


def test_features_by_hand() -> None:
    lists = {
        "lexical": Candidates(np.array([4, 9]), np.array([6.0, 2.0], np.float32)),
        "dense": Candidates(np.array([9, 1, 4]), np.array([0.9, 0.5, 0.5], np.float32)),
        "graph": Candidates(np.empty(0, np.int64), np.empty(0, np.float32)),
    }
    fused = reciprocal_rank(lists)
    popularity = {4: 7.0, 9: 8.0, 1: 9.0}
    complete = {"popularity": np.array([popularity[item] for item in fused.items.tolist()])}
    table = rank_features(QUERY, fused, lists, complete)
    rows = {item: dict(zip(FEATURES, table[place], strict=True)) for place, item in enumerate(fused.items)}
    assert (rows[4]["lexical_score"], rows[4]["lexical_share"], rows[4]["lexical_rank"]) == (6.0, 1.0, 1.0)
    assert (rows[9]["lexical_share"], rows[9]["lexical_rank"]) == (0.0, 2.0)
    assert np.isnan([rows[1]["lexical_score"], rows[1]["graph_score"], rows[1]["personal_rank"]]).all()
    assert rows[1]["dense_rank"] == rows[4]["dense_rank"] == 2.0
    assert [rows[item]["popularity"] for item in (4, 9, 1)] == [7.0, 8.0, 9.0]
    assert rows[1]["reciprocal_rank"] == pytest.approx(1 / 62)
    assert rows[1]["query_tokens"] == 2.0 and rows[1]["query_links"] == 0.0


def test_complete_scores_stand_for_items_that_a_list_lacks() -> None:
    lists = {"dense": Candidates(np.array([3]), np.array([0.9], np.float32))}
    both = Candidates(np.array([8, 3]), np.array([0.2, 0.1], np.float32))
    table = rank_features(QUERY, both, lists, {"dense": np.array([0.3, 0.9])})
    assert table[:, DENSE].tolist() == pytest.approx([0.3, 0.9])
    assert np.isnan(table[0, FEATURES.index("dense_rank")]) and table[1, FEATURES.index("dense_rank")] == 1.0
