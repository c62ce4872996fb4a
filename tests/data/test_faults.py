"""Bad input, from the file to the data set: each is refused by name and place or loads as stated."""

import gzip
from collections.abc import Callable
from pathlib import Path

import pytest

from kgrec.data.config import DataConfig, FilterConfig
from kgrec.data.dataset import Dataset
from kgrec.data.load import load_dataset
from kgrec.errors import DataError, KgrecError

LOG = "user,item,rating\nu1,a,5\nu1,b,4\nu2,a,3\n"
FACTS = "head,relation,tail\na,brand,x\nb,brand,x\n"
INTER = "user_id:token\titem_id:token\nu1\ta\nu1\tb\n"
KG = "head_id:token\trelation_id:token\ttail_id:token\ne1\tbrand\tx\n"
Content = str | bytes
Outcome = Callable[[Dataset], bool]


def load(folder: Path, files: dict[str, Content], **options: object) -> Dataset:
    """Write the files and load them; what plays which part is told from the ending or the name."""
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    roles = {"log": "interactions", "facts": "triples", "items": "catalogue"} | {
        "inter": "interactions",
        "kg": "triples",
        "link": "links",
    }
    found = {name: roles.get(name.split(".")[0]) or roles[name.split(".")[1]] for name in files}
    source = "recbole" if any(name.startswith("ml.") for name in files) else "tables"
    named = {role: name for name, role in found.items()}
    return load_dataset(DataConfig(name="shop", source=source, folder=str(folder), files=named, **options))  # type: ignore[arg-type]


REFUSED: dict[str, tuple[dict[str, Content], list[str]]] = {
    "missing column": (
        {"log.csv": "user,thing\nu1,a\n"},
        ["log.csv", "no column 'item'", "'thing'", "data.columns.item"],
    ),
    "wrong delimiter": ({"log.csv": "user;item\nu1;a\n"}, ["log.csv", "'user;item'", "a semicolon"]),
    "missing id": ({"log.csv": "user,item\nu1,a\n,b\n"}, ["log.csv, line 3", "'user'", "no id"]),
    "missing last field": ({"log.csv": "user,item\nu1,a\nu2\n"}, ["log.csv, line 3", "'item'", "no id"]),
    "surplus field": ({"log.csv": "user,item\nu1,a\nu2,b,c\n"}, ["log.csv, line 3", "3 fields"]),
    "non-numeric rating": (
        {"log.csv": "user,item,rating\nu1,a,5\nu1,b,good\n"},
        ["log.csv, line 3", "'rating'", "'good'", "no finite number"],
    ),
    "NaN rating": ({"log.csv": "user,item,rating\nu1,a,NaN\n"}, ["line 2", "'rating'", "'NaN'"]),
    "time that is none": (
        {"log.csv": "user,item,timestamp\nu1,a,soon\n"},
        ["line 2", "'timestamp'", "'soon'"],
    ),
    "unknown part": ({"log.csv": "user,item,part\nu1,a,dev\n"}, ["part", "'dev'", "train"]),
    "pair in two parts": (
        {"log.csv": "user,item,part\nu1,a,train\nu1,a,test\n"},
        ["'u1'", "'a'", "test and train"],
    ),
    "empty file": ({"log.csv": ""}, ["log.csv", "empty"]),
    "header alone": ({"log.csv": "user,item\n"}, ["log.csv", "no row"]),
    "bad UTF-8": ({"log.csv": b"user,item\nu1,caf\xe9\n"}, ["log.csv, line 2", "0xe9", "UTF-8"]),
    "truncated gzip": (
        {"log.csv.gz": gzip.compress(LOG.encode() * 50)[:-10]},
        ["log.csv.gz", "broken or cut off"],
    ),
    "user and item swapped": (
        {"log.csv": "user,item\na,u1\nb,u2\n", "items.csv": "item,title\na,A\nb,B\n"},
        ["swapped", "data.columns"],
    ),
    "rating that is a word in JSON": (
        {"log.jsonl": '{"user": "u1", "item": "a", "rating": "good"}\n'},
        ["log.jsonl, line 1", "'rating'", "'good'"],
    ),
    "missing end of a fact": (
        {"log.csv": LOG, "facts.csv": "head,relation,tail\na,brand,x\nb,brand,\n"},
        ["facts.csv, line 3", "'tail'", "no id"],
    ),
    "item described twice": (
        {"log.csv": LOG, "items.csv": "item,title\na,A\na,B\n"},
        ["items.csv, line 3", "'item'", "'a'"],
    ),
    "atomic file without types": ({"ml.inter": "user_id\titem_id\nu1\ta\n"}, ["ml.inter", "user_id:token"]),
    "atomic file with commas": ({"ml.inter": INTER.replace("\t", ",")}, ["ml.inter", "tabs", "a comma"]),
    "atomic rating": (
        {"ml.inter": "user_id:token\titem_id:token\trating:float\nu1\ta\t*\n"},
        ["ml.inter, line 2", "'rating'", "'*'"],
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_a_name_and_a_place(case: str, tmp_path: Path) -> None:
    files, words = REFUSED[case]
    with pytest.raises(KgrecError) as caught:
        load(tmp_path, files)
    assert isinstance(caught.value, DataError)
    for word in words:
        assert word in str(caught.value), f"{word!r} is not in: {caught.value}"


def pairs(dataset: Dataset) -> set[tuple[str, str]]:
    return set(dataset.interactions.select("user", "item").iter_rows())


def facts(dataset: Dataset) -> set[tuple[str, ...]]:
    return set(dataset.triples.iter_rows())


THREE = {("u1", "a"), ("u1", "b"), ("u2", "a")}
LOADED: dict[str, tuple[dict[str, Content], Outcome]] = {
    "carriage returns and byte order mark": (
        {"log.csv": b"\xef\xbb\xbf" + LOG.replace("\n", "\r\n").encode()},
        lambda data: pairs(data) == THREE,
    ),
    "no newline at the end": ({"log.csv": LOG.rstrip()}, lambda data: pairs(data) == THREE),
    "empty lines": (
        {"log.csv": LOG.replace("\nu1,b", "\n\nu1,b") + "\n\n"},
        lambda data: pairs(data) == THREE,
    ),
    "leading zeros": (
        {"log.csv": "user,item\n007,01\n7,1\n"},
        lambda data: sorted(data.users.ids) == ["007", "7"] and sorted(data.items.ids) == ["01", "1"],
    ),
    "special characters": (
        {"log.csv": 'user,item\n运动鞋,"a,b"\nit\'s,"say ""hi"""\n'},
        lambda data: pairs(data) == {("运动鞋", "a,b"), ("it's", 'say "hi"')},
    ),
    "the id nan": ({"log.csv": "user,item\nnan,null\n"}, lambda data: pairs(data) == {("nan", "null")}),
    "an id that names a user and an item": (
        {"log.csv": "user,item\na,a\nb,a\n"},
        lambda data: pairs(data) == {("a", "a"), ("b", "a")} and len(data.items) == 1,
    ),
    "a user as an end of a fact is an entity": (
        {"log.csv": LOG, "facts.csv": FACTS + "u1,knows,x\n"},
        lambda data: sorted(data.entities.ids) == ["u1", "x"],
    ),
    "duplicates": (
        {"log.csv": LOG + "u1,a,1\n", "facts.csv": FACTS + "a,brand,x\n"},
        lambda data: data.interactions.height == 3 and data.triples.height == 2,
    ),
    "self-loops": (
        {"log.csv": LOG, "facts.csv": FACTS + "x,like,x\n"},
        lambda data: facts(data) == {("a", "brand", "x"), ("b", "brand", "x")},
    ),
    "inverse relations": (
        {"log.csv": LOG, "facts.csv": FACTS + "x,made,a\nx,made,b\n"},
        lambda data: facts(data) == {("a", "brand", "x"), ("b", "brand", "x")},
    ),
    "unknown ids in facts are entities": (
        {"log.csv": LOG, "facts.csv": "head,relation,tail\nq,brand,x\n"},
        lambda data: sorted(data.entities.ids) == ["q", "x"],
    ),
    "unknown ids in the catalogue are left out": (
        {"log.csv": LOG, "items.csv": "item,title\na,A\nq,Q\n"},
        lambda data: dict(data.catalogue.select("item", "title").iter_rows()) == {"a": "A", "b": None},
    ),
    "a link to an unknown item": (
        {"ml.inter": INTER, "ml.kg": KG, "ml.link": "item_id:token\tentity_id:token\nq\te1\n"},
        lambda data: facts(data) == {("e1", "brand", "x")},
    ),
    "a link of an unknown entity": (
        {"ml.inter": INTER, "ml.kg": KG, "ml.link": "item_id:token\tentity_id:token\na\te1\nb\te9\n"},
        lambda data: facts(data) == {("a", "brand", "x")},
    ),
    "an entity linked to two items": (
        {"ml.inter": INTER, "ml.kg": KG, "ml.link": "item_id:token\tentity_id:token\nb\te1\na\te1\n"},
        lambda data: facts(data) == {("a", "brand", "x")},
    ),
    "quotation marks in an atomic file": (
        {"ml.inter": 'user_id:token\titem_id:token\n"u1\ta"\n'},
        lambda data: pairs(data) == {('"u1', 'a"')},
    ),
}


@pytest.mark.parametrize("case", LOADED)
def test_loads_with_this_outcome(case: str, tmp_path: Path) -> None:
    files, outcome = LOADED[case]
    dataset = load(tmp_path, files)
    assert outcome(dataset), dataset


def test_a_user_with_nothing_left_after_the_filters_goes(tmp_path: Path) -> None:
    dataset = load(tmp_path, {"log.csv": LOG}, filters=FilterConfig(min_rating=4.0))
    assert dataset.users.ids == ["u1"] and pairs(dataset) == {("u1", "a"), ("u1", "b")}


def test_filters_that_leave_nothing_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no interaction is left.*min_rating=9"):
        load(tmp_path, {"log.csv": LOG}, filters=FilterConfig(min_rating=9.0))


def test_duplicates_can_be_errors(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"'u1'.*'a'"):
        load(tmp_path, {"log.csv": LOG + "u1,a,1\n"}, duplicates="error")
