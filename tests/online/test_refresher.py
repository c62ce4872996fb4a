"""A refresh: what it learns, when it may take over, what happens beside it."""

import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import torch

from kgrec.errors import ConfigError
from kgrec.online.config import OnlineConfig
from kgrec.online.events import Event, ItemRecord
from kgrec.online.live_model import LiveModel
from kgrec.recommender import Hit

Open = Callable[..., LiveModel]
Busy = Callable[[LiveModel], None]


def ids(hits: Iterable[Hit]) -> list[str]:
    return [hit.item for hit in hits]


def likes(user: str, items: Iterable[str], kind: str = "like") -> list[Event]:
    return [Event(f"{user}-{item}-{kind}", user, item, kind) for item in items]


@pytest.mark.parametrize("model", ["ease", "kgrec", "bpr", "popularity", "item_knn"])
def test_a_refresh_learns_and_takes_over(open_live: Open, busy: Busy, model: str) -> None:
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


def test_a_warm_start_keeps_what_was_learnt(open_live: Open, busy: Busy) -> None:
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


def test_a_worse_model_is_refused(
    open_live: Open, busy: Busy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
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
    open_live: Open, busy: Busy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
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


def test_no_reader_fails_while_generations_change(open_live: Open, busy: Busy) -> None:
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
    with live.refresher.turn, pytest.raises(ConfigError, match="under way"):
        live.refresh()


def test_an_erasure_during_a_refresh_holds(
    open_live: Open, busy: Busy, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = open_live("ease", OnlineConfig(gate_tolerance=1.0))
    busy(live)
    from kgrec.online import refresher

    real = refresher.train_refreshed

    def slow(*arguments: object) -> object:
        trained = real(*arguments)  # type: ignore[arg-type]
        live.erase("n1")
        return trained

    monkeypatch.setattr(refresher, "train_refreshed", slow)
    assert live.refresh().accepted
    assert "n1" not in live._live.dataset.users
    assert live.export("n1")["trained_on"] == []


def test_a_run_that_learnt_from_another_log_is_refused(open_live: Open, busy: Busy, tmp_path: Path) -> None:
    live = open_live("ease", OnlineConfig(gate_tolerance=1.0))
    busy(live)
    assert live.refresh().accepted
    live.close()
    for file in tmp_path.glob("events.db*"):
        file.unlink()
    with pytest.raises(ConfigError, match="another log"):
        open_live("ease")


def test_what_a_killed_refresh_left_is_removed(open_live: Open, tmp_path: Path) -> None:
    left = tmp_path / "ease" / "live" / "0003"
    open_live("ease").close()
    left.mkdir()
    (left / "seen.parquet").write_text("somebody")
    live = open_live("ease")
    assert live.generation == 0 and not left.exists()


def test_a_run_is_given_back_after_the_refresh_under_way(
    open_live: Open, busy: Busy, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    live = open_live("ease", OnlineConfig(gate_tolerance=1.0))
    busy(live)
    from kgrec.online import refresher

    real, held = refresher.train_refreshed, threading.Event()

    def slow(*arguments: object) -> object:
        held.set()
        time.sleep(0.5)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(refresher, "train_refreshed", slow)
    trainer = threading.Thread(target=live.refresh)
    trainer.start()
    assert held.wait(20)
    live.close()
    assert live.generation == 1
    trainer.join(20)
    assert open_live("ease").generation == 1


def test_going_back_during_a_refresh_leaves_what_it_is_writing(
    open_live: Open, busy: Busy, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = open_live("ease", OnlineConfig(gate_tolerance=1.0))
    busy(live)
    assert live.refresh().accepted
    for number in range(20):
        user = f"u{number:02d}"
        live.record(likes(user, ids(live.recommend(user, 1)), "cart"))
    from kgrec.online import refresher

    real = refresher.train_refreshed

    def meanwhile(*arguments: object) -> object:
        trained = real(*arguments)  # type: ignore[arg-type]
        assert live.rollback() == 0
        return trained

    with monkeypatch.context() as patch:
        patch.setattr(refresher, "train_refreshed", meanwhile)
        assert live.refresh().generation == live.generation == 2
    live.close()
    again = open_live("ease")
    assert again.generation == 2 and again.rollback() == 0
