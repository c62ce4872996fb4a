"""A live model: what an event changes, and what it never loses."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import torch

from kgrec.errors import ConfigError, DataError, UnknownIdError
from kgrec.load_run import load_scorer
from kgrec.online.event_log import EventLog
from kgrec.online.events import Event, ItemRecord
from kgrec.online.live_model import LiveModel
from kgrec.recommender import Hit, Recommender
from kgrec.run import Run

Open = Callable[..., LiveModel]


def ids(hits: Iterable[Hit]) -> list[str]:
    return [hit.item for hit in hits]


def likes(user: str, items: Iterable[str], kind: str = "like") -> list[Event]:
    return [Event(f"{user}-{item}-{kind}", user, item, kind) for item in items]


def test_without_events_it_answers_as_the_run_does(open_live: Open, trained: Callable[[str], Run]) -> None:
    live, run = open_live("ease"), Recommender.load(trained("ease").path)
    assert ids(live.recommend("u01", 5)) == ids(run.recommend(["u01"], 5)[0])
    assert ids(live.similar("i03", 5)) == ids(run.similar(["i03"], 5)[0])
    assert ids(live.recommend("nobody", 5)) == ids(run.popular(5))


def test_an_event_is_folded_in_by_the_model(open_live: Open, trained: Callable[[str], Run]) -> None:
    live = open_live("ease")
    assert live.record(likes("new", ["i03"], "click") + likes("new", ["i07"], "purchase")) == 2
    items = live._live.dataset.items
    rows = torch.from_numpy(items.rows(["i03", "i07"]))
    scores = load_scorer(trained("ease")).scores_from_history(rows, torch.tensor([1.0, 4.0]))
    scores[rows] = -torch.inf
    expected = [items.ids[row] for row in torch.argsort(-scores)[:3].tolist()]
    assert ids(live.recommend("new", 3)) == expected


def test_a_known_persons_event_joins_their_past(open_live: Open) -> None:
    live = open_live("kgrec")
    before = live.recommend("u02", 10)
    live.record(likes("u02", [before[0].item]))
    after = ids(live.recommend("u02", 10))
    assert before[0].item not in after
    person = live._live.person("u02", {before[0].item: 4.0})
    assert len(person.past) == len(live.export("u02")["trained_on"]) + 1


def test_a_dislike_is_seen_and_says_nothing_about_taste(open_live: Open) -> None:
    live = open_live("ease")
    popular = ids(live.recommend("new", 3))
    live.record(likes("new", popular[:1], "dislike"))
    assert ids(live.recommend("new", 2)) == popular[1:]


def test_an_unknown_kind_is_refused_before_anything_is_written(open_live: Open) -> None:
    live = open_live("ease")
    with pytest.raises(DataError, match=r"'sneeze'.*view, click"):
        live.record([*likes("new", ["i01"]), Event("x", "new", "i02", "sneeze")])
    assert live.status()["events"] == 0


def test_an_event_twice_counts_once_and_survives_a_restart(open_live: Open) -> None:
    live = open_live("ease")
    assert live.record(likes("new", ["i03"])) == 1
    assert live.record(likes("new", ["i03"])) == 0
    told = ids(live.recommend("new", 5))
    live.close()
    again = open_live("ease")
    assert ids(again.recommend("new", 5)) == told
    assert again.status()["events"] == 1


@pytest.mark.parametrize("model", ["ease", "kgrec", "popularity"])
def test_a_new_item_is_there_at_once(open_live: Open, model: str) -> None:
    live = open_live(model)
    shoe = ItemRecord("new", "running shoe new", "for long distances", (("brand", "brand0"),))
    assert live.put_item(shoe)
    assert not live.put_item(shoe)
    assert live.item("new") == shoe
    assert live.titles()["new"] == "running shoe new"
    assert "new" in ids(live.search("running shoe", None, 31).hits)
    assert "new" in ids(live.search("distances", None, 1).hits)
    # Its neighbours are the shoes, which have rows 0, 3, 6, ...: it is where they are.
    if model != "popularity":
        assert {int(item[1:]) % 3 for item in ids(live.similar("new", 3))} == {0}
    user = "u00"
    assert "new" in ids(live.recommend(user, 31))
    live.close()
    assert open_live(model).item("new") == shoe


def test_a_new_item_in_a_history_counts_as_its_neighbours_do(open_live: Open) -> None:
    live = open_live("ease")
    live.put_item(ItemRecord("new", "running shoe new", None, (("brand", "brand0"),)))
    live.record(likes("x", ["new"]))
    best = ids(live.recommend("x", 3))
    assert "new" not in best and {int(item[1:]) % 3 for item in best} == {0}


def test_an_item_may_change(open_live: Open) -> None:
    live = open_live("ease")
    live.search("shoe", None, 1)
    assert not live.put_item(ItemRecord("i01", "velvet curtain", None, (("brand", "other"),)))
    assert ids(live.search("velvet curtain", None, 1).hits) == ["i01"]
    assert live.item("i01").facts == (("brand", "other"),)
    with pytest.raises(UnknownIdError):
        live.item("i99")


def test_search_is_personal_with_events_too(open_live: Open) -> None:
    live = open_live("ease")
    live.record(likes("new", ["i00", "i03"]))
    hits = live.search("pan", "new", 5).hits
    assert all("personal" in hit.parts for hit in hits)
    assert "personal" not in live.search("pan", "stranger", 5).hits[0].parts
    assert ids(live.search("", "new", 3).hits) == ids(live.recommend("new", 3))


def test_reasons_start_at_what_the_person_just_did(open_live: Open) -> None:
    live = open_live("ease")
    live.record(likes("new", ["i00"]))
    paths = live.explain("new", "i03", 3)
    assert [paths[0].nodes[n].id for n in (0, 1, -1)] == ["new", "i00", "i03"]
    assert live.explain("stranger", "i03", 3) == []


def test_scores_are_finite_for_everybody(open_live: Open) -> None:
    live = open_live("kgrec")
    for user in ("u00", "stranger"):
        person = live._live.person(user, {})
        assert np.isfinite(live._live.scores(person).numpy()).all()


def test_a_log_elsewhere_is_read_from_its_start(open_live: Open, tmp_path: Path) -> None:
    live = open_live("ease")
    live.record(likes("new", ["i03"]))
    live.close()
    with pytest.raises(UnknownIdError):
        open_live("ease").similar("none")
    log = EventLog(f"sqlite:///{tmp_path / 'events.db'}")
    assert [event.item for event in log.of_user("new")] == ["i03"]
    log.close()


def test_a_run_has_one_writer(open_live: Open, tmp_path: Path) -> None:
    live = open_live("ease")
    other = EventLog(f"sqlite:///{tmp_path / 'events.db'}")
    with pytest.raises(ConfigError, match="another process"):
        LiveModel.open(tmp_path / "ease", other)
    live.close()
    LiveModel.open(tmp_path / "ease", other).close()
