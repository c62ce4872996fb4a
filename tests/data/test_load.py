"""Loading by configuration; the real data sets against the counts that their sources state."""

import os
from pathlib import Path

import polars as pl
import pytest
from omegaconf import DictConfig, OmegaConf

from kgrec.data.config import DataConfig
from kgrec.data.load import load_catalogue, load_dataset, load_tables
from kgrec.data.locate import candidate_folders, missing_files
from kgrec.errors import DataError

CONF = Path(__file__).resolve().parents[2] / "conf" / "data"
NAMES = sorted(path.stem for path in CONF.glob("*.yaml"))


def config_of(name: str) -> DataConfig:
    """A data set's configuration as Hydra composes it: its file over the typed schema."""
    written = OmegaConf.load(CONF / f"{name}.yaml")
    assert isinstance(written, DictConfig)
    assert written.pop("defaults") == ["schema", "_self_"]
    config = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(DataConfig), written))
    assert isinstance(config, DataConfig)
    return config


def real(name: str) -> DataConfig:
    """The configuration of a data set whose files are on this machine; otherwise the test is skipped."""
    if not os.environ.get("KGREC_DATA"):
        pytest.skip("KGREC_DATA is unset: real data is not at hand")
    config = config_of(name)
    if not any(folder.is_dir() and not missing_files(config, folder) for folder in candidate_folders(config)):
        pytest.skip(f"{name} is neither under KGREC_DATA nor in the cache")
    return config


@pytest.mark.parametrize("name", NAMES)
def test_every_configuration_fits_the_schema_and_names_its_sources(name: str) -> None:
    config = config_of(name)
    assert config.name == name
    for download in config.downloads:
        if download.kind == "file":
            target = download.target or download.url.rsplit("/", 1)[-1]
            assert target in config.files.values()
            # A branch would let the file change under its checksum: the address holds a full commit.
            assert len(download.url.split("/")[5]) == 40
        assert download.sha256 is None or len(download.sha256) == 64


def test_a_small_shop_from_files_to_rows(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("user_id,sku\n01,a\n01,b\n2,a\n")
    (tmp_path / "facts.csv").write_text("head,relation,tail\na,brand,x\n")
    config = DataConfig(
        name="shop",
        folder=str(tmp_path),
        files={"interactions": "log.csv", "triples": "facts.csv"},
        columns={"item": "sku"},
    )
    dataset = load_dataset(config)
    assert sorted(dataset.users.ids) == ["01", "2"]
    assert sorted(dataset.items.ids) == ["a", "b"]
    assert dataset.entities.ids == ["x"]
    users, items = dataset.interaction_rows()
    pairs = {
        (dataset.users.ids[user], dataset.items.ids[item]) for user, item in zip(users, items, strict=True)
    }
    assert pairs == {("01", "a"), ("01", "b"), ("2", "a")}


def test_the_order_of_rows_changes_nothing(tmp_path: Path) -> None:
    rows = [f"u{user},i{user * item % 7}" for user in range(5) for item in range(1, 4)]
    fingerprints = set()
    for order in (rows, rows[::-1]):
        (tmp_path / "log.csv").write_text("\n".join(["user,item", *order]))
        dataset = load_dataset(DataConfig(name="x", folder=str(tmp_path), files={"interactions": "log.csv"}))
        fingerprints.add((dataset.fingerprint, *dataset.users.ids, *dataset.items.ids))
    assert len(fingerprints) == 1


def test_a_catalogue_alone_is_no_data_set_but_can_be_searched(tmp_path: Path) -> None:
    (tmp_path / "items.csv").write_text("item,title\n1,Chair\n")
    config = DataConfig(name="shop", folder=str(tmp_path), files={"catalogue": "items.csv"})
    with pytest.raises(DataError, match=r"only a catalogue.*data\.files\.interactions"):
        load_dataset(config)
    catalogue = load_catalogue(config).catalogue
    assert catalogue is not None and catalogue.rows() == [("1", "Chair")]


def test_no_catalogue_and_no_such_source_are_errors(tmp_path: Path) -> None:
    (tmp_path / "log.csv").write_text("user,item\nu,1\n")
    config = DataConfig(name="shop", folder=str(tmp_path), files={"interactions": "log.csv"})
    with pytest.raises(DataError, match="there is no catalogue"):
        load_catalogue(config)
    config.source = "sql"
    with pytest.raises(DataError, match="'sql'; use one of tables, recbole, kgat, amazon"):
        load_tables(config)


def test_lastfm() -> None:
    dataset = load_dataset(real("lastfm"))
    assert (len(dataset.users), len(dataset.items)) == (1872, 3846)
    counts = dict(dataset.interactions["part"].value_counts().iter_rows())
    assert counts == {"train": 17350, "valid": 1907, "test": 1916}
    triples = load_tables(real("lastfm")).triples
    assert triples is not None and triples.height == 15518
    # Every end that is an item came over a link: 3,846 links, 9,366 entities.
    ends = pl.concat([triples["head"], triples["tail"]]).unique()
    assert len(ends) == 9366 and int(ends.str.starts_with("entity:").sum()) == 9366 - 3846


def test_dbbook2014() -> None:
    dataset = load_dataset(real("dbbook2014"))
    assert (len(dataset.users), len(dataset.items), dataset.interactions.height) == (5576, 2680, 65961)
    triples = load_tables(real("dbbook2014")).triples
    assert triples is not None and triples.height == 134223
    assert pl.concat([triples["head"], triples["tail"]]).n_unique() == 8762
    assert dataset.catalogue["title"].null_count() == 0
    assert "Dragonfly in Amber" in dataset.catalogue["title"].to_list()
    assert dataset.entity_labels["http://dbpedia.org/resource/Roald_Dahl"] == "Roald Dahl"
    assert dataset.relation_labels["http://dbpedia.org/ontology/literaryGenre"] == "literary genre"


@pytest.mark.slow
def test_alibaba_ifashion() -> None:
    dataset = load_dataset(real("alibaba-ifashion"))
    assert (len(dataset.users), len(dataset.items), len(dataset.entities)) == (114737, 30040, 59156)
    counts = dict(dataset.interactions["part"].value_counts().iter_rows())
    assert counts == {"train": 1380510, "test": 400583}
    assert (dataset.triples.height, len(dataset.relations)) == (279155, 51)


def test_amazon_magazines() -> None:
    tables = load_tables(real("amazon-magazines"))
    assert tables.interactions.height == 2375
    assert (tables.interactions["user"].n_unique(), tables.interactions["item"].n_unique()) == (348, 157)
    assert tables.catalogue is not None and tables.catalogue.height == 2320
    known = tables.catalogue.filter(pl.col("item").is_in(tables.interactions["item"].implode()))
    assert known.height == 151
    assert not tables.catalogue["title"].str.contains("<").any()


def test_amazon_gift_cards() -> None:
    tables = load_tables(real("amazon-gift-cards"))
    assert tables.interactions.height == 2972
    assert (tables.interactions["user"].n_unique(), tables.interactions["item"].n_unique()) == (458, 148)
    assert tables.catalogue is not None and tables.catalogue.height == 1547
    assert tables.catalogue["title"].null_count() == 0


def test_ml_100k() -> None:
    dataset = load_dataset(real("ml-100k"))
    assert (len(dataset.users), len(dataset.items), dataset.interactions.height) == (943, 1682, 100000)
    triples = load_tables(real("ml-100k")).triples
    assert triples is not None and triples.height == 91631
    titles = dict(dataset.catalogue.select("item", "title").iter_rows())
    assert titles["1"] == "Toy Story" and None not in titles.values()
    genres = dataset.triples.filter(pl.col("relation") == "film.film.genre")
    assert genres["head"].is_in(pl.Series(dataset.items.ids).implode()).all()


@pytest.mark.parametrize(("name", "items", "facts"), [("zh-shop", 277, 1137), ("zh-titles", 7998, 30917)])
def test_chinese_catalogues(name: str, items: int, facts: int) -> None:
    tables = load_catalogue(real(name))
    assert tables.catalogue is not None and tables.triples is not None
    assert (tables.catalogue.height, tables.triples.height) == (items, facts)
    assert tables.catalogue["title"].null_count() == 0
