import gzip
import io
import os
import tarfile
from pathlib import Path

import pytest

from kgrec.data.config import DataConfig
from kgrec.data.load import load_catalogue
from kgrec.data.sources.retrotech import read_retrotech, read_sessions
from kgrec.errors import DataError

CONFIG = DataConfig(name="retrotech", source="retrotech", files={"products": "products.tgz"})
HEADER = '"upc","name","manufacturer","short_description","long_description"\n'


def folder_with(tmp_path: Path, rows: str, member: str = "products.csv") -> Path:
    content = (HEADER + rows).encode()
    with tarfile.open(tmp_path / "products.tgz", "w:gz") as archive:
        info = tarfile.TarInfo(member)
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return tmp_path


def test_escaped_quotation_marks_and_blank_fields(tmp_path: Path) -> None:
    rows = '"0123","TV 40\\" Class","Samsung","a, \\"b\\"","c"\n"0456","Kids - DVD", , , \n'
    tables = read_retrotech(CONFIG, folder_with(tmp_path, rows))
    assert tables.catalogue is not None and tables.triples is not None and tables.entity_labels is not None
    assert tables.catalogue.rows() == [
        ("0123", 'TV 40" Class', 'a, "b"', "c", "Samsung"),
        ("0456", "Kids - DVD", None, None, None),
    ]
    assert tables.triples.rows() == [("0123", "manufacturer", "manufacturer:samsung")]
    assert tables.entity_labels.rows() == [("manufacturer:samsung", "Samsung")]
    assert tables.interactions.is_empty()


def test_of_two_rows_with_a_barcode_the_longest_text_stays(tmp_path: Path) -> None:
    rows = '"1","Kids", , , \n"1","Kids - Widescreen", , , \n"2","Same", , , \n"2","Emas", , , \n'
    catalogue = read_retrotech(CONFIG, folder_with(tmp_path, rows)).catalogue
    assert catalogue is not None
    assert catalogue.select("item", "title").rows() == [("1", "Kids - Widescreen"), ("2", "Same")]


def test_foreign_archives_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"products\.tgz: cannot read products\.csv"):
        read_retrotech(CONFIG, folder_with(tmp_path, "", member="other.csv"))
    (tmp_path / "products.tgz").write_bytes(b"no archive")
    with pytest.raises(DataError, match="copy or download it again"):
        read_retrotech(CONFIG, tmp_path)
    with pytest.raises(DataError, match="it knows products"):
        read_retrotech(DataConfig(name="r", files={"catalogue": "x"}), tmp_path)


def test_sessions_get_their_zeros_back(tmp_path: Path) -> None:
    (tmp_path / "sessions").mkdir()
    for name, rows in (("b", "2,tv,123,0.0,True\n"), ("a", "2,dvd,5060065336587,3.0,False\n")):
        text = "sess_id,query,rank,clicked_doc_id,clicked\n"
        fields = [line.split(",") for line in rows.splitlines()]
        text += "".join(f"{s},{q},{r},{d},{c}\n" for s, q, d, r, c in fields)
        with gzip.open(tmp_path / "sessions" / f"{name}.gz", "wt") as stream:
            stream.write(text)
    assert read_sessions(tmp_path).rows() == [
        ("2", "dvd", "5060065336587", 3, False),
        ("2", "tv", "000000000123", 0, True),
    ]
    with pytest.raises(DataError, match="no sessions"):
        read_sessions(tmp_path / "sessions")


@pytest.fixture
def real() -> Path:
    folder = Path(os.environ.get("KGREC_DATA", "")) / "retrotech"
    if not (folder / "products.tgz").is_file():
        pytest.skip("needs retrotech: set KGREC_DATA")
    return folder


def test_the_real_catalogue_is_whole(real: Path) -> None:
    tables = load_catalogue(CONFIG)
    assert tables.catalogue is not None and tables.triples is not None
    assert tables.catalogue.height == tables.catalogue["item"].n_unique() == 46_156
    assert tables.triples.height == 32_341
    assert not tables.catalogue["title"].has_nulls()


@pytest.mark.skipif(
    not (Path(os.environ.get("KGREC_DATA", "")) / "retrotech" / "sessions").is_dir(),
    reason="needs retrotech's sessions: set KGREC_DATA",
)
def test_the_real_sessions_name_products(real: Path) -> None:
    impressions, catalogue = read_sessions(real), load_catalogue(CONFIG).catalogue
    assert catalogue is not None
    assert impressions.height == 1_775_000
    assert impressions["clicked"].sum() == 50_567
    shown = impressions["item"].unique()
    assert len(shown) == 312
    assert int(shown.is_in(catalogue["item"].implode()).sum()) == 302
