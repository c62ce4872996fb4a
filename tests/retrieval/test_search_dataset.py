from dataclasses import replace
from pathlib import Path

import pytest

from kgrec.data.config import DataConfig
from kgrec.errors import ConfigError, DataError
from kgrec.retrieval.engine import SearchEngine
from kgrec.retrieval.search_dataset import search_dataset
from kgrec.search_data import data_config


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "items.csv").write_text("item,title\na,red shoe\nb,blue pan\n")
    (tmp_path / "facts.csv").write_text("head,relation,tail\na,brand,Acme\nb,also_buy,a\n")
    (tmp_path / "log.csv").write_text("user,item\nu,a\n")
    return tmp_path


def config(folder: Path, **files: str) -> DataConfig:
    files = {"catalogue": "items.csv", "triples": "facts.csv", **files}
    behaviour = ["also_buy"]
    return DataConfig(
        "two", folder=str(folder), files=files, catalogue_items=True, behaviour_relations=behaviour
    )


def test_a_catalogue_alone_is_a_data_set_without_people(folder: Path) -> None:
    dataset = search_dataset(config(folder))
    assert sorted(dataset.items.ids) == ["a", "b"] and len(dataset.users) == 0
    assert dataset.triples.rows() == [("a", "brand", "Acme")]
    assert dataset.catalogue["item"].to_list() == dataset.items.ids
    assert [hit.item for hit in SearchEngine.from_dataset(dataset, "{title}").search("acme").hits] == ["a"]


def test_items_are_numbered_as_with_interactions(folder: Path) -> None:
    alone = search_dataset(config(folder))
    visited = search_dataset(config(folder, interactions="log.csv"))
    assert visited.interactions.rows() == [("u", "a")]
    assert alone.items.ids == visited.items.ids and alone.triples.equals(visited.triples)


@pytest.mark.parametrize("files", [{}, {"interactions": "log.csv"}])
def test_hidden_relations_are_hidden_with_and_without_people(folder: Path, files: dict[str, str]) -> None:
    (folder / "items.csv").write_text("item,title,brand\na,red shoe,Acme\nb,blue pan,\n")
    dataset = search_dataset(replace(config(folder, **files), hidden_relations=["brand"]))
    assert dataset.triples.is_empty()
    assert dataset.catalogue.columns == ["item", "title"]


def test_no_catalogue_is_refused(folder: Path) -> None:
    with pytest.raises(DataError, match="there is no catalogue"):
        search_dataset(
            DataConfig("two", folder=str(folder), files={"interactions": "log.csv"}, catalogue_items=False)
        )


def test_an_item_described_twice_is_refused(folder: Path) -> None:
    (folder / "items.csv").write_text("item,title\na,red shoe\na,blue pan\n")
    with pytest.raises(DataError, match="keep one row an item"):
        search_dataset(config(folder))


def test_data_sets_go_by_the_names_of_their_files(conf: Path) -> None:
    assert data_config("zh-shop", conf).data.folder == "zh-shop"
    for name in ("zh-shpo", "a,b", "x=1", "../data/zh-shop", ""):
        with pytest.raises(ConfigError, match=r"use one of .*zh-shop"):
            data_config(name, conf)
