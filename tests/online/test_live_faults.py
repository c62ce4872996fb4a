"""A live model when something fails half-way, or comes at the same time."""

import threading
from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl
import pytest

from kgrec.errors import ConfigError, EventLogError, RunError
from kgrec.online import generations
from kgrec.online.config import OnlineConfig
from kgrec.online.event_log import EventLog
from kgrec.online.events import Event, ItemRecord
from kgrec.online.generation import Generation
from kgrec.online.live_model import LiveModel
from kgrec.recommender import Hit

Open = Callable[..., LiveModel]
SECRET = "mallory@example.org"
TAKES_OVER = OnlineConfig(gate_tolerance=1.0)


def ids(hits: Iterable[Hit]) -> list[str]:
    return [hit.item for hit in hits]


def liked(user: str, item: str, kind: str = "like") -> Event:
    return Event(f"{user}-{item}-{kind}", user, item, kind)


def refreshed(live: LiveModel) -> None:
    """Let a generation that was trained on somebody of the secret name take over."""
    live.record([liked(SECRET, "i01"), liked(SECRET, "i04")])
    live.record([liked(f"u{n:02d}", ids(live.recommend(f"u{n:02d}", 1))[0]) for n in range(20)])
    assert live.refresh().accepted


def holding(folder: Path) -> list[Path]:
    """Files that hold the secret name, as it is or inside of a Parquet table."""
    found = []
    for file in folder.rglob("*"):
        if file.is_file():
            texts = str(pl.read_parquet(file).to_dict()) if file.suffix == ".parquet" else ""
            found += [file] if SECRET.encode() in file.read_bytes() or SECRET in texts else []
    return found


def test_a_dislike_outlives_a_refresh_and_leaves_the_trained_user(open_live: Open) -> None:
    live = open_live("kgrec", TAKES_OVER)
    bad = ids(live.recommend("u05", 1))[0]
    live.record([liked("u05", bad, "dislike")])
    assert ids(live.recommend("u05", 3)) != [] and live._live.person("u05", {bad: 0.0}).user is not None
    refreshed(live)
    person = live._live.person("u05", live._live.news("u05", live.recorder.histories))
    # Of the person's two events the dislike alone is not in the training.
    assert bad in ids_of(live, person.past) and bad not in live.export("u05")["trained_on"]
    assert bad not in ids(live.recommend("u05", 31))
    live.close()
    assert bad not in ids(open_live("kgrec").recommend("u05", 31))


def ids_of(live: LiveModel, rows: Iterable[int]) -> list[str]:
    return [live._live.dataset.items.ids[row] for row in rows]


def test_a_generation_number_is_used_once(open_live: Open) -> None:
    live = open_live("ease", TAKES_OVER)
    refreshed(live)
    assert live.rollback() == 0
    assert live.refresh().generation == 2
    live.close()
    assert open_live("ease").generation == 2


def test_an_event_that_is_written_as_its_person_is_erased_does_not_stay(
    open_live: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = open_live("ease")
    real, erased = live._log.append_new, []
    thread = threading.Thread(target=lambda: erased.append(live.erase(SECRET)))

    def slow(events: list[Event]) -> list[tuple[int, Event]]:
        new = real(events)
        thread.start()
        # Durable and not yet counted: an erasure has to wait here, or the event is counted after it.
        thread.join(0.3)
        return new

    monkeypatch.setattr(live._log, "append_new", slow)
    live.record([liked(SECRET, "i01")])
    thread.join(20)
    assert erased == [1]
    assert live.recorder.histories.of(SECRET) == {} and live.export(SECRET)["events"] == []


def test_an_event_whose_answer_was_lost_counts_when_it_is_sent_again(
    open_live: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = open_live("ease")
    real = live._log.append_new

    def broken(events: list[Event]) -> list[tuple[int, Event]]:
        real(events)
        raise EventLogError("the connection broke during the commit")

    with monkeypatch.context() as patch:
        patch.setattr(live._log, "append_new", broken)
        with pytest.raises(EventLogError, match="broke"):
            live.record([liked("new", "i03")])
    assert live.record([liked("new", "i03")]) == 0
    assert live.recorder.histories.of("new") == {"i03": 4.0}
    assert "i03" not in ids(live.recommend("new", 31))


@pytest.mark.parametrize("calls", [0, 1, 2])
def test_an_erasure_that_was_cut_off_anywhere_is_finished_at_the_start(
    open_live: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, calls: int
) -> None:
    live = open_live("ease", TAKES_OVER)
    refreshed(live)
    live.record([liked(f"u{n:02d}", ids(live.recommend(f"u{n:02d}", 1))[0], "cart") for n in range(20)])
    assert live.refresh().generation == 2
    real, left = generations.without, [calls]

    def cut_off(generation: Generation, user: str) -> Generation:
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return real(generation, user)

    with monkeypatch.context() as patch:
        patch.setattr(generations, "without", cut_off)
        # After both generations the bytes of the log are what is left.
        patch.setattr(live._log, "wipe", lambda: cut_off(live._live, SECRET))
        with pytest.raises(KeyboardInterrupt):
            live.erase(SECRET)
    live.close()
    # (SQLite itself wiped the log as it closed it.)
    assert calls == 2 or holding(tmp_path)
    again = open_live("ease")
    assert holding(tmp_path) == []
    again.rollback()
    assert SECRET not in again.users()


def test_a_second_erasure_of_one_person_is_finished_too(
    open_live: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = open_live("ease", TAKES_OVER)
    live.erase(SECRET)
    refreshed(live)

    def crash(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(live.generations, "forget", crash)
    with pytest.raises(KeyboardInterrupt):
        live.erase(SECRET)
    live.close()
    assert SECRET not in open_live("ease").users() and holding(tmp_path) == []


def test_bytes_that_cannot_be_wiped_now_are_wiped_when_erased_again(
    open_live: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = open_live("ease", TAKES_OVER)
    refreshed(live)

    def busy() -> None:
        raise EventLogError("a reader keeps the old file; erase again")

    with monkeypatch.context() as patch:
        patch.setattr(live._log, "wipe", busy)
        with pytest.raises(EventLogError, match="erase again"):
            live.erase(SECRET)
    # Nobody is answered from them any more.
    assert live.export(SECRET) == {"user": SECRET, "trained_on": [], "events": []}
    assert live.recorder.histories.of(SECRET) == {} and SECRET not in live.users()
    assert live.erase(SECRET) == 0
    assert holding(tmp_path) == []


def test_who_was_erased_beside_one_run_is_taken_out_of_the_next(open_live: Open) -> None:
    live = open_live("ease")
    live.erase("u05")
    live.close()
    other = open_live("bpr")
    assert "u05" not in other.users() and "u06" in other.users()
    # Come back, they stay: an erasure is applied once.
    other.record([liked("u05", "i02")])
    other.close()
    assert open_live("bpr").export("u05")["events"][0]["item"] == "i02"


def test_an_item_that_no_catalogue_can_hold_is_not_written(
    open_live: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = open_live("ease")

    def unfit(*_: object) -> None:
        raise RunError("a title that no catalogue can hold")

    with monkeypatch.context() as patch:
        patch.setattr(Generation, "with_records", unfit)
        with pytest.raises(RunError, match="no catalogue"):
            live.put_item(ItemRecord("new", "bad"))
    assert live._log.items() == [] and "new" not in live.titles()


@pytest.mark.parametrize(
    "record",
    [
        ItemRecord("brand0", "named like an entity"),
        ItemRecord("u01", "named like a user", None, (("brand", "u01"),)),
        ItemRecord("x", "", None, (("brand", "x"), ("brand", "i01"))),
        ItemRecord("x", "{title} {none}", "{}", (("a:b", "i 01"),)),
    ],
)
def test_an_odd_item_survives_a_restart(open_live: Open, record: ItemRecord) -> None:
    live = open_live("ease")
    assert live.put_item(record)
    live.close()
    again = open_live("ease")
    assert again.item(record.id).title == (record.title or record.id)
    assert again.recommend("u01", 3) and again.search("shoe", "u01", 3).hits


def test_a_start_that_failed_lets_the_next_one_in(open_live: Open, tmp_path: Path) -> None:
    open_live("ease").close()
    model = tmp_path / "ease" / "model.safetensors"
    moved = model.rename(tmp_path / "elsewhere")
    log = EventLog(f"sqlite:///{tmp_path / 'events.db'}")
    with pytest.raises(RunError, match=r"model\.safetensors"):
        LiveModel.open(tmp_path / "ease", log)
    log.close()
    moved.rename(model)
    assert open_live("ease").generation == 0


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"kinds": {"like": -1.0}}, r"kinds\.like"),
        ({"gate_events": 0}, "gate_events"),
        ({"gate_share": 1.0}, "gate_share"),
        ({"gate_tolerance": 1.5}, "gate_tolerance"),
    ],
)
def test_a_setting_out_of_range_is_named(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        OnlineConfig(**wrong)  # type: ignore[arg-type]
