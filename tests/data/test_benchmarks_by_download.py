"""amazon-book, lastfm-kgat and ml-1m from address to split, on small files of the published layout."""

import zipfile
from pathlib import Path

import polars as pl
import pytest
from omegaconf import DictConfig, OmegaConf

from kgrec.data.config import DataConfig
from kgrec.data.dataset import Dataset
from kgrec.data.load import load_dataset
from kgrec.data.splits import Part, make_split
from kgrec.errors import DataError

CONF = Path(__file__).resolve().parents[2] / "conf" / "data"

LISTS = {
    "user_list.txt": "org_id remap_id\nA3RT 0\nA38L 1\nA3PP 2\n",
    "item_list.txt": "org_id remap_id freebase_id\n0553092626 0 m.1\n0393316041 1 m.2\n038548254X 2 m.3\n",
    "entity_list.txt": 'org_id remap_id\nm.1 0\nm.2 1\nm.3 2\nm.author 3\n 4\n"""I Love You 5\n',
    "relation_list.txt": "org_id remap_id\nhttp://rdf.freebase.com/ns/book.written_work.author 0\nkind 1\n",
}
BOOKS = LISTS | {
    "train.txt": "0 0 1\n1 1 2\n2 0 \n",
    "test.txt": "0 2\n1 0\n2 \n",
    "kg_final.txt.zip": "0 0 3\n1 0 3\n3 1 4\n2 1 5\n",
}
PLAYS = LISTS | {
    "train.txt": "0 0 0 1 0\n1 1 2 2\n2 0\n",
    "test.txt": "0 2 1 2\n1 0 0\n2 0 0\n",
    "kg_final.txt": "0 0 3\n3 1 3\n",
}
AUTHOR = "http://rdf.freebase.com/ns/book.written_work.author"


@pytest.fixture(autouse=True)
def empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KGREC_DATA", "")
    monkeypatch.setenv("KGREC_CACHE", str(tmp_path / "cache"))


def published(name: str, files: dict[str, str], tmp_path: Path, **expect: int) -> DataConfig:
    """The configuration ``name`` with addresses on this disk, no checksums and the counts of small files."""
    served = tmp_path / "served"
    served.mkdir(exist_ok=True)
    for file, content in files.items():
        if file.endswith(".zip"):
            with zipfile.ZipFile(served / file, "w") as bundle:
                bundle.writestr(file.removesuffix(".zip"), content)
        else:
            (served / file).write_text(content)
    written = OmegaConf.load(CONF / f"{name}.yaml")
    assert isinstance(written, DictConfig)
    written.pop("defaults")
    config = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(DataConfig), written))
    assert isinstance(config, DataConfig)
    for download in config.downloads:
        download.url, download.sha256 = (served / download.url.rsplit("/", 1)[-1]).as_uri(), None
    assert expect.keys() == config.expect.keys()
    config.expect = expect
    return config


def pairs(dataset: Dataset, part: Part) -> set[tuple[str, str]]:
    rows = zip(part.users, part.items, strict=True)
    return {(dataset.users.ids[user], dataset.items.ids[item]) for user, item in rows}


def test_amazon_book(tmp_path: Path) -> None:
    config = published("amazon-book", BOOKS, tmp_path, users=3, items=3, train=5, test=2, triples=4)
    dataset = load_dataset(config)
    assert sorted(dataset.users.ids) == ["A38L", "A3PP", "A3RT"]
    assert sorted(dataset.items.ids) == ["038548254X", "0393316041", "0553092626"]
    assert sorted(dataset.entities.ids) == ['"""I Love You', "4", "m.author"]
    assert set(dataset.triples.rows()) == {
        ("0553092626", AUTHOR, "m.author"),
        ("0393316041", AUTHOR, "m.author"),
        ("m.author", "kind", "4"),
        ("038548254X", "kind", '"""I Love You'),
    }
    split = make_split(dataset, config.split)
    assert pairs(dataset, split.test) == {("A3RT", "038548254X"), ("A38L", "0553092626")}
    known = {
        ("A3RT", "0553092626"),
        ("A3RT", "0393316041"),
        ("A38L", "0393316041"),
        ("A38L", "038548254X"),
        ("A3PP", "0553092626"),
    }
    assert pairs(dataset, split.with_valid()) == known


def test_lastfm_of_kgat_tests_nothing_that_train_knows(tmp_path: Path) -> None:
    config = published("lastfm-kgat", PLAYS, tmp_path, users=3, items=3, train=5, test=4, triples=2)
    config.split.valid_share = 0.0
    dataset = load_dataset(config)
    assert (
        dataset.dropped["dropped_by_overlap"] == 3
    )  # user 0 and item 1; user 2 and item 0, which stands twice
    split = make_split(dataset, config.split)
    assert pairs(dataset, split.test) == {("A3RT", "038548254X"), ("A38L", "0553092626")}
    assert (len(split.train), len(split.test)) == (5, 2)
    assert dataset.triples.rows() == [("0553092626", AUTHOR, "m.author")]


def test_ml_1m(tmp_path: Path) -> None:
    films = [
        f"{item}::Film é {item} (1990)::{'Drama|War' if item % 2 else 'Comedy'}" for item in range(1, 24)
    ]
    ratings = [
        f"{user}::{item}::{2 + (item + user) % 4}::97830{item}"
        for user in range(1, 6)
        for item in range(1, 22)
    ]
    (tmp_path / "served").mkdir()
    with zipfile.ZipFile(tmp_path / "served" / "ml-1m.zip", "w") as bundle:
        for name, lines in (("ratings", ratings), ("movies", films), ("users", ["1::F::1::10::48067"])):
            bundle.writestr(f"ml-1m/{name}.dat", "\n".join([*lines, ""]).encode("latin-1"))
        bundle.writestr("ml-1m/README", "SUMMARY")
    config = published("ml-1m", {}, tmp_path, users=5, interactions=105)
    dataset = load_dataset(config)
    wanted = {(f"{u}", f"{i}") for u in range(1, 6) for i in range(1, 22) if (i + u) % 4}
    assert set(dataset.interactions.select("user", "item").rows()) == wanted
    assert dataset.dropped["dropped_by_rating"] == 105 - len(wanted)
    titles = dict(dataset.catalogue.select("item", "title").iter_rows())
    assert len(titles) == 21 and titles["7"] == "Film é 7 (1990)"
    assert sorted(dataset.entities.ids) == ["genre:Comedy", "genre:Drama", "genre:War"]
    drama = dataset.triples.filter(pl.col("tail") == "genre:Drama")["head"].to_list()
    assert sorted(drama, key=int) == [f"{item}" for item in range(1, 22, 2)]
    split = make_split(dataset, config.split)
    parts = (split.train, split.valid, split.test)
    assert set().union(*(pairs(dataset, part) for part in parts)) == wanted
    per_person = [[int((part.users == user).sum()) for part in parts] for user in range(5)]
    assert all(
        sum(counts) in (15, 16) and counts[1] in (1, 2) and counts[2] in (1, 2) for counts in per_person
    )


@pytest.mark.parametrize("name", ["amazon-book", "lastfm-kgat"])
def test_other_files_under_the_name_are_refused(name: str, tmp_path: Path) -> None:
    expect = {"users": 23566, "items": 48123, "train": 5, "test": 4, "triples": 2}
    files = PLAYS | {"kg_final.txt.zip": PLAYS["kg_final.txt"]}
    with pytest.raises(DataError, match=rf"{name}: .*users 3 instead of 23,566, items 3 instead of 48,123"):
        load_dataset(published(name, files, tmp_path, **expect))


def test_the_two_called_last_fm_expect_different_data_and_say_so() -> None:
    hetrec, kgat = ((CONF / f"{name}.yaml").read_text() for name in ("lastfm", "lastfm-kgat"))
    assert "NOT data=lastfm-kgat" in hetrec and "NOT data=lastfm," in kgat
    users = [OmegaConf.load(CONF / f"{name}.yaml")["expect"]["users"] for name in ("lastfm", "lastfm-kgat")]
    assert users == [1872, 23566]
