import gzip
from pathlib import Path

import pytest

from kgrec.data.config import DataConfig
from kgrec.data.sources.recbole import atomic_files, read_atomic, read_recbole
from kgrec.errors import DataError

INTER = "user_id:token\titem_id:token\trating:float\ttimestamp:float\n1\t10\t3\t100\n2\t11\t4.5\t200\n"
KG = "head_id:token\trelation_id:token\ttail_id:token\nm.1\tfilm.genre\tm.2\nm.3\tfilm.genre\tm.2\n"


def folder_with(tmp_path: Path, **files: str) -> Path:
    folder = tmp_path / "ml"
    folder.mkdir()
    for ending, content in files.items():
        (folder / f"ml.{ending.replace('_', '.')}.gz").write_bytes(gzip.compress(content.encode()))
    return folder


def test_a_whole_data_set(tmp_path: Path) -> None:
    folder = folder_with(
        tmp_path,
        inter=INTER,
        item='item_id:token\tmovie_title:token_seq\tclass:token_seq\n10\tNet, The\tCrime War\n12\t"Q\tWar\n',
        kg=KG,
        link="item_id:token\tentity_id:token\n10\tm.1\n99\tm.3\n",
        user="user_id:token\tage:token\n1\t30\n",
    )
    tables = read_recbole(DataConfig(name="ml", columns={"title": "movie_title"}), folder)
    assert tables.interactions.columns == ["user", "item", "rating", "timestamp"]
    assert tables.interactions.rows() == [("1", "10", 3.0, 100.0), ("2", "11", 4.5, 200.0)]
    assert tables.triples is not None
    assert tables.triples.rows() == [("10", "film.genre", "m.2"), ("m.3", "film.genre", "m.2")]
    assert tables.catalogue is not None
    assert tables.catalogue.rows() == [("10", "Net, The", "Crime War"), ("12", '"Q', "War")]


def test_split_files_keep_their_parts(tmp_path: Path) -> None:
    header = "user_id:token\titem_id:token\n"
    folder = folder_with(
        tmp_path,
        train_inter=header + "1\t10\n",
        valid_inter=header + "1\t11\n",
        test_inter=header + "1\t12\n",
    )
    tables = read_recbole(DataConfig(name="ml"), folder)
    assert tables.interactions.rows() == [("1", "10", "train"), ("1", "11", "valid"), ("1", "12", "test")]


def test_entities_called_like_items_are_told_apart(tmp_path: Path) -> None:
    kg = "head_id:token\trelation_id:token\ttail_id:token\n0\tr\t10\n"
    folder = folder_with(tmp_path, inter=INTER, kg=kg, link="item_id:token\tentity_id:token\n11\t0\n")
    tables = read_recbole(DataConfig(name="ml"), folder)
    assert tables.triples is not None and tables.triples.rows() == [("11", "r", "entity:10")]


def test_files_are_found_by_the_name_of_the_folder(tmp_path: Path) -> None:
    folder = folder_with(tmp_path, inter=INTER, kg=KG)
    assert atomic_files(DataConfig(name="x"), folder) == {"interactions": "ml.inter", "triples": "ml.kg"}
    chosen = {"train": "a.inter"}
    assert atomic_files(DataConfig(name="x", files=chosen), folder) == chosen
    with pytest.raises(DataError, match=r"data\.files has 'kg'"):
        atomic_files(DataConfig(name="x", files={"kg": "ml.kg"}), folder)


@pytest.mark.parametrize(
    "header", ["user_id\titem_id", "user_id:word\titem_id:token", "user_id:token,item_id:token"]
)
def test_a_header_without_types_or_tabs_is_refused(tmp_path: Path, header: str) -> None:
    path = tmp_path / "a.inter"
    path.write_text(f"{header}\n1\t2\n" if "\t" in header else f"{header}\n1,2\n")
    with pytest.raises(DataError, match="separated by tabs and name their type"):
        read_atomic(path)
