from pathlib import Path

import polars as pl
import pytest

from kgrec.data.config import DataConfig
from kgrec.data.sources.tables import read_tables
from kgrec.errors import DataError


def config(files: dict[str, str], **columns: str) -> DataConfig:
    named = {name.replace("__", "."): column for name, column in columns.items()}
    return DataConfig(name="shop", files=files, columns=named)


def write(folder: Path, **files: str) -> None:
    for name, content in files.items():
        (folder / f"{name}.csv").write_text(content)


def test_all_tables_under_names_of_their_own(tmp_path: Path) -> None:
    write(
        tmp_path,
        log="customer_id,sku,stars,when,what\n01,a,5,1970-01-02,buy\n2,b,1,1970-01-01,view\n",
        facts="head,relation,tail\na,brand,x\n",
        items="item_id,name,colour\na,Chair,red\nb,,\n",
        names="entity,label\nx,Xeno\n",
        words="relation,label\nbrand,made by\n",
    )
    files = {
        "interactions": "log.csv",
        "triples": "facts.csv",
        "catalogue": "items.csv",
        "entity_labels": "names.csv",
        "relation_labels": "words.csv",
    }
    tables = read_tables(
        config(
            files,
            user="customer_id",
            item="sku",
            rating="stars",
            timestamp="when",
            event="what",
            title="name",
        ),
        tmp_path,
    )
    assert tables.interactions.to_dicts() == [
        {"user": "01", "item": "a", "rating": 5.0, "event": "buy", "timestamp": 86400.0},
        {"user": "2", "item": "b", "rating": 1.0, "event": "view", "timestamp": 0.0},
    ]
    assert tables.triples is not None and tables.triples.rows() == [("a", "brand", "x")]
    assert tables.catalogue is not None
    assert tables.catalogue.to_dicts() == [
        {"item": "a", "title": "Chair", "colour": "red"},
        {"item": "b", "title": None, "colour": None},
    ]
    assert tables.entity_labels is not None and tables.entity_labels.rows() == [("x", "Xeno")]
    assert tables.relation_labels is not None and tables.relation_labels.rows() == [("brand", "made by")]


def test_given_parts_are_marked(tmp_path: Path) -> None:
    write(tmp_path, a="user,item\nu,1\n", b="user,item,rating\nu,2,3\n")
    tables = read_tables(config({"train": "a.csv", "test": "b.csv"}), tmp_path)
    assert tables.interactions.to_dicts() == [
        {"user": "u", "item": "1", "part": "train", "rating": None},
        {"user": "u", "item": "2", "part": "test", "rating": 3.0},
    ]


def test_a_column_can_be_named_for_one_file(tmp_path: Path) -> None:
    write(tmp_path, log="user,item,sku\nu,wrong,1\n", items="item,sku,title\n1,wrong,Chair\n")
    files = {"interactions": "log.csv", "catalogue": "items.csv"}
    tables = read_tables(config(files, interactions__item="sku"), tmp_path)
    assert tables.interactions["item"].to_list() == ["1"]
    assert tables.catalogue is not None and tables.catalogue["item"].to_list() == ["1"]


def test_links_make_entities_items(tmp_path: Path) -> None:
    write(
        tmp_path,
        log="user,item\nu,1\n",
        facts="head,relation,tail\ne1,brand,x\n",
        links="item,entity\n1,e1\n",
    )
    files = {"interactions": "log.csv", "triples": "facts.csv", "links": "links.csv"}
    tables = read_tables(config(files), tmp_path)
    assert tables.triples is not None and tables.triples.rows() == [("1", "brand", "x")]


def test_an_item_is_described_once(tmp_path: Path) -> None:
    write(tmp_path, items="item,title\na,A\nb,B\na,A\n", other="item,title\na,A\nb,B\na,C\na,C\n")
    tables = read_tables(config({"catalogue": "items.csv"}), tmp_path)
    assert tables.catalogue is not None and tables.catalogue.rows() == [("a", "A"), ("b", "B")]
    with pytest.raises(
        DataError, match=r"other\.csv, line 4, column 'item': 'a' stands above with other texts"
    ):
        read_tables(config({"catalogue": "other.csv"}), tmp_path)


def test_without_interactions_their_table_is_empty(tmp_path: Path) -> None:
    write(tmp_path, items="item,title\na,A\n")
    tables = read_tables(config({"catalogue": "items.csv"}), tmp_path)
    assert tables.interactions.is_empty() and tables.interactions.columns == ["user", "item"]


def test_the_chosen_title_goes_before_a_column_of_that_name(tmp_path: Path) -> None:
    write(tmp_path, items="sku,item,title,name\n1,x,Mr,Ann\n")
    tables = read_tables(config({"catalogue": "items.csv"}, item="sku", title="name"), tmp_path)
    assert tables.catalogue is not None
    assert tables.catalogue.to_dicts() == [{"item": "1", "title": "Ann"}]


def test_a_catalogue_without_titles_is_said_aloud(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    write(tmp_path, items="item,name\na,Chair\n")
    tables = read_tables(config({"catalogue": "items.csv"}), tmp_path)
    assert tables.catalogue is not None
    assert tables.catalogue.to_dicts() == [{"item": "a", "title": None, "name": "Chair"}]
    assert "data.columns.title" in caplog.text


def test_a_column_that_was_configured_has_to_be_there(tmp_path: Path) -> None:
    write(tmp_path, log="user,item,rating\nu,1,5\n")
    with pytest.raises(DataError, match=r"no column 'stars'.*Correct data\.columns\.rating"):
        read_tables(config({"interactions": "log.csv"}, rating="stars"), tmp_path)


def test_one_column_cannot_be_user_and_item(tmp_path: Path) -> None:
    write(tmp_path, log="user,item\nu,1\n")
    with pytest.raises(DataError, match=r"log\.csv: column 'item' is configured as user and as item"):
        read_tables(config({"interactions": "log.csv"}, user="item"), tmp_path)


def test_an_unknown_role_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data\.files has 'clicks'; it knows interactions"):
        read_tables(config({"clicks": "log.csv"}), tmp_path)


def test_parquet_keeps_times_and_numbers(tmp_path: Path) -> None:
    frame = pl.DataFrame(
        {"user": [7, 8], "item": ["a", "b"], "rating": [1, 2], "timestamp": ["1970-01-01", "1970-01-02"]}
    )
    frame.with_columns(pl.col("timestamp").str.to_date()).write_parquet(tmp_path / "log.parquet")
    tables = read_tables(config({"interactions": "log.parquet"}), tmp_path)
    assert tables.interactions.rows() == [("7", "a", 1.0, 0.0), ("8", "b", 2.0, 86400.0)]
