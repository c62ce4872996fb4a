import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from kgrec.errors import FeatureError
from kgrec.features.cache import RowCache, row_key


def keys(n: int) -> list[bytes]:
    return [row_key("encoder", "", str(i)) for i in range(n)]


def test_rows_come_back_bit_for_bit(tmp_path: Path) -> None:
    cache, vectors = RowCache(tmp_path / "rows.sqlite"), np.random.default_rng(0).normal(size=(2500, 5))
    cache.put(keys(2500), vectors.astype(np.float32))
    found = RowCache(tmp_path / "rows.sqlite").get([*keys(2500), b"unknown"])
    assert len(found) == len(cache) == 2500
    assert np.array_equal(np.stack([found[key] for key in keys(2500)]), vectors.astype(np.float32))


def test_reading_makes_no_file(tmp_path: Path) -> None:
    cache = RowCache(tmp_path / "deep" / "rows.sqlite")
    assert cache.get(keys(3)) == {} and len(cache) == 0
    assert list(tmp_path.iterdir()) == []


def test_key_depends_on_every_part_and_on_where_they_end() -> None:
    made = {row_key(*parts) for parts in [("a", "b", "c"), ("ab", "", "c"), ("a", "", "bc"), ("a", "bc", "")]}
    assert len(made) == 4


def test_a_failing_put_leaves_no_row(tmp_path: Path) -> None:
    cache = RowCache(tmp_path / "rows.sqlite")
    cache.put(keys(1), np.zeros((1, 2), np.float32))
    with pytest.raises(FeatureError, match="cannot be used"):
        cache.put([*keys(5)[1:4], object()], np.zeros((4, 2), np.float32))  # type: ignore[list-item]
    assert len(cache) == 1


def test_a_killed_writer_leaves_whole_rows(tmp_path: Path) -> None:
    cache = RowCache(tmp_path / "rows.sqlite")
    cache.put(keys(1), np.ones((1, 2), np.float32))
    script = (
        "import os, signal, sqlite3, sys; c = sqlite3.connect(sys.argv[1]);"
        "c.executemany('INSERT INTO rows VALUES (?, ?)', [(bytes([i]), b'1234') for i in range(9)]);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", script, cache.path]).returncode < 0
    assert len(cache) == 1
    cache.put(keys(9), np.ones((9, 2), np.float32))
    assert cache.get(keys(1))[keys(1)[0]].tolist() == [1.0, 1.0] and len(cache) == 9


def test_wrong_number_of_rows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FeatureError, match="3 keys"):
        RowCache(tmp_path / "rows.sqlite").put(keys(3), np.zeros((2, 4), np.float32))


def test_a_broken_file_is_named_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "rows.sqlite"
    path.write_bytes(b"this is no database, but long enough to be taken for one" * 20)
    with pytest.raises(FeatureError, match=r"rows\.sqlite.*remove the file"):
        RowCache(path).get(keys(1))


def test_a_large_catalogue_is_read_fast(tmp_path: Path) -> None:
    cache, wanted = RowCache(tmp_path / "rows.sqlite"), keys(20_000)
    cache.put(wanted, np.zeros((20_000, 384), np.float32))
    started = time.perf_counter()
    assert len(cache.get(wanted)) == 20_000
    assert time.perf_counter() - started < 5.0
