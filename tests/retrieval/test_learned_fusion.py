import pytest

from kgrec.data.judgements import Judgements, Topic
from kgrec.errors import ConfigError
from kgrec.retrieval.engine import SearchEngine
from kgrec.retrieval.found import Found, find
from kgrec.retrieval.learned_fusion import checked, ranking_data, with_learned_fusion
from kgrec.retrieval.rank_features import FEATURES

SHOES, BLANKETS = Topic("running shoe"), Topic("blanket")


@pytest.fixture(scope="module")
def found(engine: SearchEngine) -> Found:
    return find(engine, [SHOES, BLANKETS], "test")


def test_lists_are_those_of_a_search(engine: SearchEngine, found: Found) -> None:
    hits = [hit.item for hit in engine.search("running shoe", k=5).hits]
    assert found.rankings(engine.fuse)[SHOES][:5] == hits
    assert found.single("lexical")[SHOES][0] == hits[0]
    assert found.single("no such list") == {SHOES: [], BLANKETS: []}


def test_every_candidate_has_a_row_and_its_grade(engine: SearchEngine, found: Found) -> None:
    data = ranking_data(found, Judgements({SHOES: {"s1": 2.0}, BLANKETS: {"b1": 1.0}}), [SHOES, BLANKETS])
    items = [engine.features(found.queries[topic], found.lists[topic])[0] for topic in (SHOES, BLANKETS)]
    ids = engine.pieces.items.ids
    grades = [{"s1": 2}.get(ids[i], 0) for i in items[0]] + [{"b1": 1}.get(ids[i], 0) for i in items[1]]
    assert data.grades.tolist() == grades and sorted(grades)[-2:] == [1, 2]
    assert data.sizes.tolist() == [len(one) for one in items]
    assert data.features.shape == (sum(data.sizes), len(FEATURES))


def test_every_fifth_topic_is_held_out() -> None:
    judgements = Judgements({Topic(str(n)): {"a": 1.0} for n in range(11)})
    assert [topic.query for topic in checked(judgements).topics] == ["0", "5", "10"]


def test_what_nothing_can_be_learned_from_is_refused(found: Found) -> None:
    with pytest.raises(ConfigError, match="at least two judged queries"):
        with_learned_fusion(found, Judgements({SHOES: {"s1": 1.0}}))
    with pytest.raises(ConfigError, match=r"'s1' for the query 'running shoe' is 0.5; .* whole numbers"):
        with_learned_fusion(found, Judgements({SHOES: {"s1": 0.5}, BLANKETS: {"b1": 1.0}}))
