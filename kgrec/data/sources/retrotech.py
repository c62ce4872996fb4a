"""RetroTech, a catalogue of electronics, films and music with logged searches: products and impressions.

https://github.com/ai-powered-search/retrotech (Grainger, Turnbull and Irwin, AI-Powered Search, Manning
2025). ``files``: ``products``, a gzipped tar archive that holds ``products.csv``. The sessions are gzipped
CSV files, one a query, in the folder ``sessions``.
"""

import io
import logging
import tarfile
from pathlib import Path

import polars as pl

from kgrec.data.attributes import attribute_facts
from kgrec.data.columns import Table
from kgrec.data.config import DataConfig
from kgrec.data.impressions import impressions_of
from kgrec.data.locate import path_of
from kgrec.data.reading import read_delimited
from kgrec.data.sources.tables import NO_INTERACTIONS
from kgrec.data.tables import Tables
from kgrec.errors import DataError

log = logging.getLogger(__name__)

_MEMBER = "products.csv"
_DIGITS = 12
_SESSION = {"session": "sess_id", "item": "clicked_doc_id"}


def read_retrotech(config: DataConfig, folder: Path) -> Tables:
    """The catalogue and who makes what; there are no people and no interactions.

    An item is a barcode. Where two rows share one (other spellings of a title, mostly), the row with the
    longest text stays. Manufacturers are the entities ``manufacturer:<name in lower case>``.
    """
    unknown = [role for role in config.files if role != "products"]
    if unknown:
        raise DataError(f"{config.name}: data.files has {unknown[0]!r}; it knows products")
    path = path_of(folder, config, "products")
    if path is None:
        raise DataError(f"{config.name}: data.files.products is missing; name the archive of the products")
    catalogue = _catalogue(_products(path))
    facts = attribute_facts(catalogue, "manufacturer")
    labels = facts.select(entity="tail", label="label").unique(maintain_order=True)
    return Tables(NO_INTERACTIONS, facts.select("head", "relation", "tail"), catalogue, labels)


def read_sessions(folder: Path) -> pl.DataFrame:
    """Impressions of all ``sessions/*.gz``: session, query, item, rank from 0, clicked.

    The same session number stands in several files; a result page is one (session, query). The sessions have
    lost the leading zeros of some barcodes, which come back here. Pages of "lcd tv" and "nook" show an item
    at two places.

    Raises:
        DataError: there is no such file, or one cannot be read.
    """
    paths = sorted((folder / "sessions").glob("*.gz"))
    if not paths:
        raise DataError(f"{folder / 'sessions'}: there are no sessions (*.gz); see the data set's source")
    frame = pl.concat([impressions_of(read_delimited(path, ","), _SESSION) for path in paths])
    return frame.with_columns(pl.col("item").str.zfill(_DIGITS))


def _products(path: Path) -> Table:
    """The table inside the archive; its quotation marks are escaped by a backslash, not doubled."""
    try:
        with tarfile.open(path, "r:gz") as archive:
            member = archive.extractfile(_MEMBER)
            content = b"" if member is None else member.read()
    except (KeyError, tarfile.TarError, EOFError, OSError) as error:
        raise DataError(
            f"{path}: cannot read {_MEMBER} in it ({error}); copy or download it again"
        ) from error
    text = io.BytesIO(content.replace(b'\\"', b'""'))
    try:
        frame = pl.read_csv(text, infer_schema=False)
    except pl.exceptions.PolarsError as error:
        raise DataError(f"{path}: {_MEMBER} cannot be read ({error}); download it again") from error
    return Table.of_text(path, frame, first_line=2)


def _catalogue(table: Table) -> pl.DataFrame:
    names = {
        "title": "name",
        "short_description": "short_description",
        "description": "long_description",
        "manufacturer": "manufacturer",
    }
    for column in ("upc", *names.values()):
        table.require(column, "These are not RetroTech's products.")
    frame = pl.DataFrame(
        {"item": table.ids("upc")} | {name: table.texts(column) for name, column in names.items()}
    ).with_columns(pl.exclude("item").str.strip_chars())
    length = pl.sum_horizontal(pl.exclude("item").str.len_chars().fill_null(0))
    longest = length == length.max().over("item")
    kept = frame.filter(longest).unique("item", keep="first", maintain_order=True)
    log.info(
        "%s: %d products; %d rows with a barcode that another row has are left out",
        table.path,
        kept.height,
        frame.height - kept.height,
    )
    return kept
