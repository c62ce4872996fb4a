"""MovieLens' own files (1M, 10M): lines without a header whose fields are separated by ``::``.

https://files.grouplens.org/datasets/movielens/ml-1m-README.txt; Harper and Konstan, The MovieLens Datasets,
TiiS 2015. ``ratings.dat``: UserID::MovieID::Rating::Timestamp. ``movies.dat``: MovieID::Title::Genres, genres
separated by a bar, Latin-1 in 1M and UTF-8 in 10M. Users' attributes (``users.dat``) are not read.
"""

from pathlib import Path

import polars as pl

from kgrec.data.columns import Table
from kgrec.data.config import DataConfig
from kgrec.data.locate import path_of
from kgrec.data.tables import Tables
from kgrec.data.text_files import read_text
from kgrec.errors import DataError

_FILES = {"ratings": "ratings.dat", "movies": "movies.dat"}
_PREFIX = "genre:"
_NO_GENRE = "(no genres listed)"


def read_movielens(config: DataConfig, folder: Path) -> Tables:
    """Read ratings and films.

    Triples are (film, genre, ``genre:<name>``) of the films that are items: those with a rating, with
    ``catalogue_items`` all.

    Raises:
        DataError: a line has not the fields of its file, a number is none, or a film stands there twice;
            names file, line, column and value.
    """
    unknown = [role for role in config.files if role not in _FILES]
    if unknown:
        raise DataError(f"{config.name}: data.files has {unknown[0]!r}; it knows {', '.join(_FILES)}")
    ratings = path_of(folder, config, "ratings", _FILES["ratings"])
    if ratings is None:
        raise DataError(
            f"{folder}: there is no ratings.dat; name the file of the ratings in data.files.ratings"
        )
    interactions = _interactions(ratings)
    movies = path_of(folder, config, "movies", _FILES["movies"])
    if movies is None:
        return Tables(interactions)
    catalogue = _catalogue(movies)
    items = catalogue["item"] if config.catalogue_items else interactions["item"].unique()
    triples = _genres(catalogue.filter(pl.col("item").is_in(items.implode())))
    labels = triples.select(entity="tail", label=pl.col("tail").str.strip_prefix(_PREFIX)).unique()
    return Tables(interactions, triples, catalogue.with_columns(_listed("genres")), labels)


def _interactions(path: Path) -> pl.DataFrame:
    table = _read(path, ["user", "movie", "rating", "timestamp"])
    return pl.DataFrame(
        {
            "user": table.ids("user"),
            "item": table.ids("movie"),
            "rating": table.numbers("rating"),
            "timestamp": table.numbers("timestamp"),
        }
    )


def _catalogue(path: Path) -> pl.DataFrame:
    """item, title (with its year, as written) and genres as written."""
    table = _read(path, ["movie", "title", "genres"])
    ids = table.ids("movie")
    repeated = ids.is_duplicated() & ~ids.is_first_distinct()
    if repeated.any():
        row = int(repeated.arg_true()[0])
        raise table.error(row, "movie", ids[row], "stands above; keep one line a film")
    return pl.DataFrame({"item": ids, "title": table.texts("title"), "genres": table.texts("genres")})


def _genres(catalogue: pl.DataFrame) -> pl.DataFrame:
    named = catalogue.select(head="item", tail=pl.col("genres").str.split("|")).explode("tail")
    known = named.filter((pl.col("tail").str.strip_chars() != "") & (pl.col("tail") != _NO_GENRE))
    return known.select(
        "head", pl.lit("genre").alias("relation"), (pl.lit(_PREFIX) + pl.col("tail")).alias("tail")
    )


def _listed(column: str) -> pl.Expr:
    return pl.col(column).str.replace_all("|", ", ", literal=True)


def _read(path: Path, names: list[str]) -> Table:
    """Lines of ``len(names)`` fields; empty lines are left out."""
    # Accented Latin-1 text is practically never valid UTF-8, so that copies converted by hand read well too.
    lines = pl.Series(read_text(path, fallback="latin-1").decode("utf-8").split("\n"), dtype=pl.String)
    fields, filled = lines.str.split("::"), lines.str.contains(r"\S")
    odd = (filled & (fields.list.len() != len(names))).arg_true()
    if len(odd):
        row = int(odd[0])
        raise DataError(
            f"{path}, line {row + 1}: {lines[row]!r} has {len(fields[row])} fields separated by '::', not "
            f"the {len(names)} of {'::'.join(names)}; is this the right file, and whole?"
        )
    columns = {name: fields.list.get(position, null_on_oob=True) for position, name in enumerate(names)}
    frame = pl.DataFrame(columns).with_columns(pl.when(filled).then(pl.all()))
    return Table.of_text(path, frame, first_line=1)
