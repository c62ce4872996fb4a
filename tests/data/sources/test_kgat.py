from pathlib import Path

import pytest

from kgrec.data.config import DataConfig
from kgrec.data.sources.kgat import read_kgat
from kgrec.errors import DataError

CONFIG = DataConfig(name="books", source="kgat")


def folder_with(tmp_path: Path, **files: str) -> Path:
    for name, content in files.items():
        (tmp_path / f"{name}.txt").write_text(content)
    return tmp_path


BOOKS = {
    "train": "0 0 1\n1 1 \n2\n",
    "test": "0 2\n",
    "kg_final": "0 0 3\n3 1 2\n",
    "user_list": "org_id remap_id\nann 0\nbob 1\ncat 2\n",
    "item_list": "org_id remap_id entity_name\n7 0 http://d.org/resource/A_Book\n8 1\n9 2 Plain name\n",
    "entity_list": "org_id remap_id\nx 0\ny 1\nz 2\nhttp://d.org/resource/Some_One 3\n",
    "relation_list": "org_id remap_id\nhttp://d.org/ontology/writtenBy 0\nr 1\n",
}


def test_numbers_become_the_ids_of_the_lists(tmp_path: Path) -> None:
    tables = read_kgat(CONFIG, folder_with(tmp_path, **BOOKS))
    assert tables.interactions.rows() == [
        ("ann", "7", "train"),
        ("ann", "8", "train"),
        ("bob", "8", "train"),
        ("ann", "9", "test"),
    ]
    author = "http://d.org/resource/Some_One"
    assert tables.triples is not None
    assert tables.triples.rows() == [("7", "http://d.org/ontology/writtenBy", author), (author, "r", "9")]
    assert tables.catalogue is not None
    assert tables.catalogue.rows() == [("7", "A Book"), ("8", None), ("9", "Plain name")]
    assert tables.entity_labels is not None and tables.entity_labels.rows() == [(author, "Some One")]
    assert tables.relation_labels is not None
    assert tables.relation_labels.rows() == [("http://d.org/ontology/writtenBy", "written by")]


def test_without_lists_the_numbers_are_the_ids(tmp_path: Path) -> None:
    files = {name: BOOKS[name] for name in ("train", "test", "kg_final")}
    tables = read_kgat(CONFIG, folder_with(tmp_path, **files))
    assert tables.interactions["user"].to_list() == ["0", "0", "1", "0"]
    assert tables.triples is not None and tables.triples.rows() == [("0", "0", "3"), ("3", "1", "2")]
    assert tables.catalogue is None and tables.entity_labels is None and tables.relation_labels is None


def test_an_entity_called_like_an_item_is_told_apart(tmp_path: Path) -> None:
    entities = "org_id remap_id\nx 0\ny 1\nz 2\n8 3\n"
    tables = read_kgat(CONFIG, folder_with(tmp_path, **BOOKS | {"entity_list": entities}))
    assert tables.triples is not None and tables.triples["tail"].to_list() == ["entity:8", "9"]


def test_ids_of_two_columns_may_hold_spaces_and_numbers_any_order(tmp_path: Path) -> None:
    tables = read_kgat(
        CONFIG, folder_with(tmp_path, **BOOKS | {"user_list": "org_id remap_id\ncat 2\nbob  b 1\nann 0\n"})
    )
    assert tables.interactions["user"].to_list() == ["ann", "ann", "bob  b", "ann"]


def test_an_entity_without_a_name_is_called_by_its_number(tmp_path: Path) -> None:
    entities = 'org_id remap_id\nx 0\ny 1\nz 2\n 3\n"""I Love You 4\n'
    files = BOOKS | {"entity_list": entities, "kg_final": "0 0 3\n3 1 4\n"}
    tables = read_kgat(CONFIG, folder_with(tmp_path, **files))
    assert tables.triples is not None
    assert tables.triples.select("head", "tail").rows() == [("7", "3"), ("3", '"""I Love You')]


def test_a_third_column_that_is_no_name_is_no_title(tmp_path: Path) -> None:
    items = "org_id remap_id freebase_id\n7 0 m.1\n8 1 m.2\n9 2 m.3\n"
    assert read_kgat(CONFIG, folder_with(tmp_path, **BOOKS | {"item_list": items})).catalogue is None


def test_users_over_several_lines_and_no_knowledge(tmp_path: Path) -> None:
    tables = read_kgat(CONFIG, folder_with(tmp_path, train="0 1\n\n0 2 3\n"))
    assert tables.interactions["item"].to_list() == ["1", "2", "3"]
    assert tables.triples is None


def test_without_a_list_every_number_up_to_the_largest_is_an_item(tmp_path: Path) -> None:
    # Item 1 has no interaction; entity 5 is an item only by its number, and 7 is none.
    entities = "org_id remap_id\n" + "".join(f"e{n} {n}\n" for n in range(8))
    files = {"train": "0 0 6\n", "kg_final": "1 0 5\n6 0 7\n", "entity_list": entities}
    tables = read_kgat(CONFIG, folder_with(tmp_path, **files))
    assert tables.triples is not None and tables.triples.rows() == [("1", "0", "5"), ("6", "0", "e7")]


def test_a_huge_number_costs_no_memory(tmp_path: Path) -> None:
    tables = read_kgat(CONFIG, folder_with(tmp_path, train="0 1 99999999999\n", kg_final="1 0 5\n"))
    assert tables.interactions["item"].to_list() == ["1", "99999999999"]
    assert tables.triples is not None and tables.triples.rows() == [("1", "0", "5")]


def test_users_without_items_leave_every_end_an_entity(tmp_path: Path) -> None:
    tables = read_kgat(CONFIG, folder_with(tmp_path, train="0\n1\n", kg_final="1 0 5\n"))
    assert tables.interactions.is_empty()
    assert tables.triples is not None and tables.triples.rows() == [("1", "0", "5")]


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"train": "0 1\n0 x1\n"}, ["train.txt, line 2", "column 'item'", "'x1'"]),
        ({"train": "u 1\n"}, ["train.txt, line 1", "column 'user'", "'u'"]),
        ({"train": "0 1\nu\n"}, ["train.txt, line 2", "column 'user'", "'u'"]),
        ({"train": "0 1\n1 -1\n"}, ["line 2", "'-1'", "whole number"]),
        ({"train": "0 1.5\n"}, ["line 1", "'1.5'"]),
        ({"train": "0,1\n"}, ["line 1", "'0,1'"]),
        ({"train": "0 3\n"}, ["train.txt, line 1", "item 3 is not in item_list.txt", "3 ids"]),
        ({"train": "9 1\n"}, ["train.txt, line 1", "user 9 is not in user_list.txt"]),
        ({"train": "\n"}, ["train.txt", "empty"]),
        ({"kg_final": "0 0 3\n3 1\n"}, ["kg_final.txt, line 2", "'3 1'", "a triple has three", "cut off"]),
        ({"kg_final": "0 0 3\n\n3 1 4\n"}, ["kg_final.txt, line 3", "tail 4 is not in entity_list.txt"]),
        ({"kg_final": "0 2 3\n"}, ["kg_final.txt, line 1", "relation 2 is not in relation_list.txt"]),
        ({"user_list": "ann 0\nbob 1\ncat 2\n"}, ["user_list.txt, line 1", "no header"]),
        ({"user_list": "org_id remap_id\nann 0\nbob\n"}, ["user_list.txt, line 3", "'bob'", "cut off"]),
        ({"user_list": "org_id remap_id\nann 0\n1\n"}, ["user_list.txt, line 3", "'1'", "cut off"]),
        ({"user_list": "org_id remap_id\n1 0\n 1\n"}, ["user_list.txt, line 3", "every id once"]),
        ({"item_list": "org_id remap_id name\na 0\n 1\n"}, ["item_list.txt, line 3", "cut off"]),
        ({"user_list": "org_id remap_id\nann 0\nbob 5\n"}, ["line 3", "'bob 5'", "beyond the 2 ids"]),
        ({"user_list": "org_id remap_id\nann 0\nbob 0\n"}, ["line 3", "every number once"]),
        ({"user_list": "org_id remap_id\nann 0\nann 1\n"}, ["line 3", "every id once"]),
    ],
)
def test_broken_files_are_named_by_line(tmp_path: Path, files: dict[str, str], words: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        read_kgat(CONFIG, folder_with(tmp_path, **BOOKS | files))
    for word in words:
        assert word in str(caught.value)


def test_a_folder_without_interactions_and_an_unknown_role_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither train\.txt nor test\.txt"):
        read_kgat(CONFIG, folder_with(tmp_path, kg_final="0 0 1\n"))
    with pytest.raises(DataError, match=r"data\.files has 'kg'"):
        read_kgat(DataConfig(files={"kg": "kg.txt"}), tmp_path)
