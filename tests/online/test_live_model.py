"""A live model: what an event changes, what it never loses, what it forgets."""

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import pytest
import torch

from kgrec.errors import ConfigError, DataError, UnknownIdError
from kgrec.load_run import load_scorer
from kgrec.online.config import OnlineConfig
from kgrec.online.event_log import EventLog
from kgrec.online.events import Event, ItemRecord
from kgrec.online.live_model import LiveModel
from kgrec.recommender import Hit, Recommender
from kgrec.run import Run

Open = Callable[..., LiveModel]
SECRET = "mallory@example.org"


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


def busy(live: LiveModel, n: int = 60) -> None:
    """Events of many people: each likes what is best for them, so that there is something to learn."""
    for turn in range(2):
        for user in range(n // 2):
            name = f"n{user}" if user % 2 else f"u{user:02d}"
            live.record(
                [Event(f"{name}-{turn}", name, ids(live.recommend(name, 3))[turn], "like", timestamp=turn)]
            )


@pytest.mark.parametrize("model", ["ease", "kgrec", "bpr", "popularity", "item_knn"])
def test_a_refresh_learns_and_takes_over(open_live: Open, model: str) -> None:
    live = open_live(model, OnlineConfig(gate_tolerance=1.0, refresh_epochs=1))
    live.put_item(ItemRecord("new", "running shoe new", None, (("brand", "brand0"),)))
    busy(live)
    report = live.refresh()
    assert report.accepted and report.generation == live.generation == 1
    assert report.events == 48 and report.gate_people > 0
    status = live.status()
    assert status["events_since_training"] == 12 and status["can_roll_back"] and status["new_items"] == 0
    assert "n1" in live._live.dataset.users
    told = ids(live.recommend("n1", 5))
    live.close()
    again = open_live(model)
    assert again.generation == 1
    assert ids(again.recommend("n1", 5)) == told
    assert again.rollback() == 0
    with pytest.raises(ConfigError, match="no earlier generation"):
        again.rollback()


def test_a_warm_start_keeps_what_was_learnt(open_live: Open) -> None:
    live = open_live("kgrec", OnlineConfig(gate_tolerance=1.0, refresh_epochs=1))
    before = live._live.scorer.item_vectors
    busy(live)
    live.refresh()
    after = live._live.scorer.item_vectors
    cosine = torch.nn.functional.cosine_similarity(before, after)
    # One epoch from the live weights moves items a little; from other weights they would be anywhere.
    assert float(cosine.mean()) > 0.7


def test_too_little_news_refuses(open_live: Open) -> None:
    live = open_live("ease")
    live.record(likes("u01", ["i05"]))
    report = live.refresh()
    assert not report.accepted and "too little news" in report.reason and live.generation == 0
    live.record([Event("again", "u01", "i05", "like")])
    assert "no new event can judge" in live.refresh().reason


def test_a_worse_model_is_refused(open_live: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    live = open_live("kgrec", OnlineConfig(gate_tolerance=0.0, gate_k=3))
    busy(live)
    from kgrec.online import refresh

    def spoilt(*_: object) -> object:
        fitted = real(*_)  # type: ignore[arg-type]
        fitted.final.item_vectors.copy_(-fitted.final.item_vectors)
        return fitted

    real = refresh._fit
    monkeypatch.setattr(refresh, "_fit", spoilt)
    report = live.refresh()
    assert not report.accepted and report.reason.startswith("refused: recall@3")
    assert report.refreshed_recall is not None and report.live_recall is not None
    assert report.refreshed_recall < report.live_recall
    assert live.generation == 0 and not list((tmp_path / "kgrec" / "live").glob("[0-9]*"))


def test_a_failed_training_leaves_the_live_model(
    open_live: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = open_live("ease")
    busy(live)
    from kgrec.online import refresh

    def fail(*_: object) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patch:
        patch.setattr(refresh, "write_model", fail)
        with pytest.raises(OSError, match="no space"):
            live.refresh()
    assert live.generation == 0 and not list((tmp_path / "ease" / "live").glob("[0-9]*"))
    assert live.refresh().generation in (0, 1)


def test_no_reader_fails_while_generations_change(open_live: Open) -> None:
    live = open_live("ease", OnlineConfig(gate_tolerance=1.0))
    busy(live)
    failures: list[BaseException] = []
    answered = [0]
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            try:
                assert len(live.recommend("u03", 3)) == 3
                assert live.search("shoe", "u03", 3).hits
                live.record([Event(f"r{answered[0]}", "u03", "i01", "view")])
                answered[0] += 1
            except BaseException as error:
                failures.append(error)
                return

    reader = threading.Thread(target=read)
    reader.start()
    try:
        assert live.refresh().accepted
        live.put_item(ItemRecord("new", "running shoe new"))
        assert live.rollback() == 0
    finally:
        stop.set()
        reader.join(20)
    assert not failures and answered[0] > 0


def test_one_refresh_at_a_time(open_live: Open) -> None:
    live = open_live("ease")
    with live._refreshing, pytest.raises(ConfigError, match="under way"):
        live.refresh()


def everywhere(folder: Path) -> list[Path]:
    """Files under a folder that hold the secret name, as they are or inside of a Parquet table."""
    import polars as pl

    found = []
    for file in folder.rglob("*"):
        if file.is_file() and SECRET.encode() in file.read_bytes():
            found.append(file)
        elif file.suffix == ".parquet":
            frame = pl.read_parquet(file)
            texts = frame.select(pl.col(pl.String)).rows()
            found += [file] if any(SECRET in (text or "") for row in texts for text in row) else []
    return found


def test_an_erased_person_is_nowhere(open_live: Open, tmp_path: Path) -> None:
    live = open_live("ease", OnlineConfig(gate_tolerance=1.0))
    busy(live)
    live.record(likes(SECRET, ["i01", "i04"]))
    busy_more = [Event(f"late{n}", f"u{n:02d}", f"i{n:02d}", "like") for n in range(20)]
    live.record(busy_more)
    assert live.refresh().accepted
    assert SECRET in live._live.dataset.users
    # The check itself finds what it looks for.
    assert everywhere(tmp_path)
    stranger = ids(live.recommend("stranger", 5))
    assert live.erase(SECRET) == 2
    assert everywhere(tmp_path) == []
    assert live.export(SECRET) == {"user": SECRET, "trained_on": [], "events": []}
    assert len(live.recommend(SECRET, 5)) == len(stranger)
    assert live.generation == 1
    live.rollback()
    assert live.export(SECRET)["trained_on"] == [] and SECRET not in live._live.dataset.users
    live.record([Event(f"more{n}", f"u{n:02d}", f"i{29 - n:02d}", "like") for n in range(20)])
    live.refresh()
    assert SECRET not in live._live.dataset.users
    live.close()
    assert everywhere(tmp_path) == []


@pytest.mark.parametrize("model", ["ease", "kgrec", "bpr"])
def test_an_erased_person_of_the_run_leaves_no_trace_in_the_model(open_live: Open, model: str) -> None:
    live = open_live(model)
    row = live._live.dataset.users.row("u05")
    others = ids(live.recommend("u06", 5))
    assert live.export("u05")["trained_on"]
    live.erase("u05")
    assert float(live._live.scorer.scores(torch.tensor([row])).abs().max()) == 0
    assert len(live._live.seen.of(row)) == 0
    assert ids(live.recommend("u06", 5)) == others
    for name, tensor in live._live.trained.run.read_tensors("model.safetensors").items():
        if name.endswith("free") or "user" in name:
            assert float(tensor[row].abs().max()) == 0


def test_an_erasure_during_a_refresh_holds(open_live: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    live = open_live("ease", OnlineConfig(gate_tolerance=1.0))
    busy(live)
    from kgrec.online import live_model

    real = live_model.train_refreshed

    def slow(*arguments: object) -> object:
        trained = real(*arguments)  # type: ignore[arg-type]
        live.erase("n1")
        return trained

    monkeypatch.setattr(live_model, "train_refreshed", slow)
    assert live.refresh().accepted
    assert "n1" not in live._live.dataset.users
    assert live.export("n1")["trained_on"] == []


def test_an_erasure_that_a_crash_cut_off_is_finished_at_the_start(
    open_live: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = open_live("ease")

    def crash(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(live, "_forget", crash)
    with pytest.raises(KeyboardInterrupt):
        live.erase("u05")
    live.close()
    again = open_live("ease")
    assert "u05" not in again._live.dataset.users


def test_an_erased_person_may_come_back_as_a_new_one(open_live: Open) -> None:
    live = open_live("ease")
    live.erase("u05")
    assert live.record([Event("old", "u05", "i01", "like", timestamp=1.0)]) == 0
    assert live.record(likes("u05", ["i02"])) == 1
    assert [event["item"] for event in live.export("u05")["events"]] == ["i02"]


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


def test_a_run_that_learnt_from_another_log_is_refused(open_live: Open, tmp_path: Path) -> None:
    live = open_live("ease", OnlineConfig(gate_tolerance=1.0))
    busy(live)
    assert live.refresh().accepted
    live.close()
    for file in tmp_path.glob("events.db*"):
        file.unlink()
    with pytest.raises(ConfigError, match="another log"):
        open_live("ease")


def test_a_run_has_one_writer(open_live: Open, tmp_path: Path) -> None:
    live = open_live("ease")
    other = EventLog(f"sqlite:///{tmp_path / 'events.db'}")
    with pytest.raises(ConfigError, match="another process"):
        LiveModel.open(tmp_path / "ease", other)
    live.close()
    LiveModel.open(tmp_path / "ease", other).close()


def test_what_a_killed_refresh_left_is_removed(open_live: Open, tmp_path: Path) -> None:
    left = tmp_path / "ease" / "live" / "0003"
    open_live("ease").close()
    left.mkdir()
    (left / "seen.parquet").write_text("somebody")
    live = open_live("ease")
    assert live.generation == 0 and not left.exists()


def test_a_run_is_given_back_after_the_refresh_under_way(
    open_live: Open, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    live = open_live("ease", OnlineConfig(gate_tolerance=1.0))
    busy(live)
    from kgrec.online import live_model

    real, held = live_model.train_refreshed, threading.Event()

    def slow(*arguments: object) -> object:
        held.set()
        time.sleep(0.5)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(live_model, "train_refreshed", slow)
    trainer = threading.Thread(target=live.refresh)
    trainer.start()
    assert held.wait(20)
    live.close()
    assert live.generation == 1
    trainer.join(20)
    assert open_live("ease").generation == 1
