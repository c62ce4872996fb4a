"""Generations that somebody is taken out of."""

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
import torch

from kgrec.online.config import OnlineConfig
from kgrec.online.events import Event
from kgrec.online.live_model import LiveModel
from kgrec.recommender import Hit

Open = Callable[..., LiveModel]
Busy = Callable[[LiveModel], None]
SECRET = "mallory@example.org"


def ids(hits: Iterable[Hit]) -> list[str]:
    return [hit.item for hit in hits]


def likes(user: str, items: Iterable[str], kind: str = "like") -> list[Event]:
    return [Event(f"{user}-{item}-{kind}", user, item, kind) for item in items]


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


def test_an_erased_person_is_nowhere(open_live: Open, busy: Busy, tmp_path: Path) -> None:
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


def test_an_erasure_that_a_crash_cut_off_is_finished_at_the_start(
    open_live: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = open_live("ease")

    def crash(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(live.generations, "forget", crash)
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
