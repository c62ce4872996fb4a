import os
from pathlib import Path

import polars as pl
import pytest

from kgrec.data.config import DataConfig
from kgrec.data.load import load_dataset
from kgrec.data.sources.online_retail import read_online_retail, read_purchases
from kgrec.errors import DataError

FILE = "online_retail_2009_2010.parquet"
CONFIG = DataConfig(name="online-retail", source="online_retail", files={"invoices": FILE})
ROWS = [
    ("1", "85048", "GLASS  BALL ", 12, "2009-12-01 07:45:00", 7.0),
    ("1", "79323P", "CHERRY LIGHTS", 1, "2009-12-01 07:45:00", 7.0),
    ("2", "85048", "GLASS BALL", 2, "2009-12-02 07:45:00", 8.0),
    ("3", "85048", "BALL OF GLASS", 2, "2009-12-03 07:45:00", 7.0),
    ("C4", "85048", "GLASS BALL", -2, "2009-12-03 08:45:00", 7.0),
    ("A5", "B", "Adjust bad debt", 1, "2009-12-03 08:45:00", None),
    ("6", "85048", "damaged", -5, "2009-12-03 08:45:00", None),
    ("7", "85048", "WRONG NAME", 1, "2009-12-03 08:45:00", None),
    ("8", "POST", "POSTAGE", 1, "2009-12-03 08:45:00", 7.0),
    ("8", "M", "Manual", 1, "2009-12-03 08:45:00", 7.0),
    ("8", "PADS", "PADS TO MATCH ALL CUSHIONS", 1, "2009-12-03 08:45:00", 7.0),
]  # fmt: skip


def folder_with(tmp_path: Path, rows: list[tuple[object, ...]]) -> Path:
    columns = ["Invoice", "StockCode", "Description", "Quantity", "InvoiceDate", "Customer ID"]
    pl.DataFrame(rows, schema=columns, orient="row").write_parquet(tmp_path / FILE)
    return tmp_path


def test_purchases_and_what_is_left_out_by_its_first_reason(tmp_path: Path) -> None:
    purchases = read_purchases(folder_with(tmp_path, ROWS) / FILE)
    assert purchases.lines.select("invoice", "user", "item", "quantity").rows() == [
        ("1", "7", "85048", 12.0),
        ("1", "7", "79323P", 1.0),
        ("2", "8", "85048", 2.0),
        ("3", "7", "85048", 2.0),
        ("8", "7", "PADS", 1.0),
    ]
    assert purchases.lines["timestamp"][0] == 1259653500.0  # 07:45 of 1 December 2009, UTC
    assert purchases.dropped == {
        "cancellations": 1,
        "adjustments": 1,
        "negative quantities": 1,
        "no customer": 1,
        "no product": 2,
    }


def test_a_product_is_called_what_most_lines_call_it(tmp_path: Path) -> None:
    tables = read_online_retail(CONFIG, folder_with(tmp_path, ROWS))
    assert tables.catalogue is not None
    assert dict(tables.catalogue.rows()) == {
        "85048": "GLASS BALL",
        "79323P": "CHERRY LIGHTS",
        "PADS": "PADS TO MATCH ALL CUSHIONS",
    }
    assert tables.interactions.columns == ["user", "item", "timestamp"]


def test_other_files_are_refused(tmp_path: Path) -> None:
    pl.DataFrame({"a": [1]}).write_parquet(tmp_path / FILE)
    with pytest.raises(DataError, match=r"no column 'Invoice'.*not the invoices of Online Retail II"):
        read_purchases(tmp_path / FILE)
    rows = [("1", "85048", "BALL", 1, "2009-12-01 07:45:00", "seven")]
    with pytest.raises(DataError, match="'seven' is no customer's number"):
        read_purchases(folder_with(tmp_path, rows) / FILE)
    with pytest.raises(DataError, match="it knows invoices"):
        read_online_retail(DataConfig(name="r", files={"reviews": "x"}), tmp_path)
    with pytest.raises(DataError, match=r"data\.files\.invoices is missing"):
        read_online_retail(DataConfig(name="r"), tmp_path)


@pytest.mark.skipif(not os.environ.get("KGREC_DATA"), reason="needs the file: set KGREC_DATA")
def test_the_real_year() -> None:
    dataset = load_dataset(CONFIG)
    purchases = read_purchases(Path(os.environ["KGREC_DATA"]) / "online-retail" / FILE)
    assert purchases.lines.height + sum(purchases.dropped.values()) == 525_461
    assert purchases.dropped["cancellations"] == 10_206
    assert len(dataset.users) == purchases.lines["user"].n_unique()
    assert dataset.catalogue["title"].null_count() == 0
