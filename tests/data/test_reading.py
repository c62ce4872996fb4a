import gzip
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgrec.data.reading import read_delimited, read_table
from kgrec.errors import DataError

# Without a time stamp: it would be part of a test's name, and parallel workers would disagree on it.
PACKED = gzip.compress(b"user,item\na,1\n" * 99, mtime=0)


def write(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_every_field_stays_text(tmp_path: Path) -> None:
    table = read_table(write(tmp_path / "a.csv", "user,n\n007,1e5\n1.0,\n"))
    assert table.frame.rows() == [("007", "1e5"), ("1.0", None)]


def test_gzip_byte_order_mark_and_crlf_change_nothing(tmp_path: Path) -> None:
    text = "user,item\na,运动鞋\nb,2\n"
    plain = read_table(write(tmp_path / "a.csv", text)).frame
    foreign = b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    packed = read_table(write(tmp_path / "b.csv.gz", gzip.compress(foreign))).frame
    assert packed.equals(plain)
    assert packed.columns == ["user", "item"]


def test_tabs_and_quotation_marks_of_atomic_files(tmp_path: Path) -> None:
    path = write(tmp_path / "a.inter", 'user\titem\n"a\tb,c\n')
    assert read_delimited(path, "\t", quote=None).frame.rows() == [('"a', "b,c")]


def test_the_three_formats_give_the_same_ids(tmp_path: Path) -> None:
    frame = pl.DataFrame({"user": ["01", "2"], "item": ["x,y", 'say "hi"']})
    frame.write_csv(tmp_path / "a.csv")
    frame.write_csv(tmp_path / "a.tsv", separator="\t")
    frame.write_parquet(tmp_path / "a.parquet")
    frame.write_ndjson(tmp_path / "a.jsonl")
    for name in ("a.csv", "a.tsv", "a.parquet", "a.jsonl"):
        table = read_table(tmp_path / name)
        assert table.ids("user").to_list() == ["01", "2"], name
        assert table.ids("item").to_list() == ["x,y", 'say "hi"'], name


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1).filter(str.strip), min_size=1
    )
)
def test_any_id_survives_a_csv_file(tmp_path_factory: pytest.TempPathFactory, ids: list[str]) -> None:
    path = tmp_path_factory.mktemp("ids") / "a.csv"
    pl.DataFrame({"user": ids, "item": ids}).write_csv(path, quote_style="always")
    table = read_table(path)
    assert table.ids("user").to_list() == ids == table.ids("item").to_list()


def test_lines_are_those_of_the_file(tmp_path: Path) -> None:
    # Line 3 is empty, the field on line 4 runs on to line 5.
    table = read_table(write(tmp_path / "a.csv", 'user,item\na,1\n\n"b\nc",2\nd,3\n'))
    assert [table.place(row) for row in range(3)] == ["line 2", "line 4", "line 6"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.csv", "", ["a.csv", "empty"]),
        ("a.csv", "user,item\n", ["a.csv", "no row"]),
        ("a.csv", "user,item\n\n\n", ["a.csv", "no row"]),
        ("a.csv", b"user,item\na,1\nb\xff,2\n", ["line 3", "0xff", "UTF-8", "iconv"]),
        ("a.csv", "user,item\na,1\nb,2,3\n", ["line 3", "3 fields", "header has 2"]),
        ("a.csv", 'user,item\na,1\nb,"2\nc,3\n', ["line 3", "never closes"]),
        ("a.csv", "user,user\na,1\n", ["line 1", "'user' occurs twice"]),
        ("a.xls", "user,item\na,1\n", ["'.xls'", ".parquet", "data.separator"]),
        (
            "a.csv.gz",
            PACKED[:-12],
            ["a.csv.gz", "cut off", "again"],
        ),
        ("a.csv.gz", "user,item\na,1\n", ["a.csv.gz", "gzip"]),
        ("a.parquet", "user,item\na,1\n", ["a.parquet", "no whole Parquet file"]),
    ],
)
def test_what_cannot_be_read_is_named(
    tmp_path: Path, name: str, content: str | bytes, words: list[str]
) -> None:
    path = write(tmp_path / name, content)
    with pytest.raises(DataError) as caught:
        read_table(path)
    for word in words:
        assert word in str(caught.value)


def test_missing_files_are_named(tmp_path: Path) -> None:
    for name in ("a.csv", "a.csv.gz", "a.parquet"):
        with pytest.raises(DataError, match=rf"{name}: there is no such file"):
            read_table(tmp_path / name)


def test_a_separator_can_be_set(tmp_path: Path) -> None:
    path = write(tmp_path / "a.txt", "user;item\na;1\n")
    assert read_table(path, ";").frame.rows() == [("a", "1")]
    with pytest.raises(DataError, match=r"a\.txt: data\.separator is '::'; only one character"):
        read_table(path, "::")
