from pathlib import Path

import pytest

from kgrec.data.config import DataConfig
from kgrec.data.sources.movielens import read_movielens
from kgrec.errors import DataError

CONFIG = DataConfig(name="ml", source="movielens")
RATINGS = "1::10::5::978300760\n1::20::3::978302109\n2::10::2::978301968\n"
MOVIES = (
    "10::Toy Story (1995)::Animation|Children's|Comedy\n"
    "20::Misérables, Les (1995)::Drama\n"
    "30::Shanghai: Surprise, No. 1 (1986)::Drama\n"
)
UNSORTED = "20::Pull My Daisy (1958)::(no genres listed)\n"


def folder_with(
    tmp_path: Path, ratings: str = RATINGS, movies: str = MOVIES, encoding: str = "latin-1"
) -> Path:
    (tmp_path / "ratings.dat").write_bytes(ratings.encode(encoding))
    (tmp_path / "movies.dat").write_bytes(movies.encode(encoding))
    return tmp_path


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8"])
def test_ratings_films_and_genres(tmp_path: Path, encoding: str) -> None:
    tables = read_movielens(CONFIG, folder_with(tmp_path, encoding=encoding))
    assert tables.interactions.to_dicts() == [
        {"user": "1", "item": "10", "rating": 5.0, "timestamp": 978300760.0},
        {"user": "1", "item": "20", "rating": 3.0, "timestamp": 978302109.0},
        {"user": "2", "item": "10", "rating": 2.0, "timestamp": 978301968.0},
    ]
    assert tables.catalogue is not None
    assert tables.catalogue.rows() == [
        ("10", "Toy Story (1995)", "Animation, Children's, Comedy"),
        ("20", "Misérables, Les (1995)", "Drama"),
        ("30", "Shanghai: Surprise, No. 1 (1986)", "Drama"),
    ]
    assert tables.triples is not None
    assert tables.triples.rows() == [
        ("10", "genre", "genre:Animation"),
        ("10", "genre", "genre:Children's"),
        ("10", "genre", "genre:Comedy"),
        ("20", "genre", "genre:Drama"),
    ]
    assert tables.entity_labels is not None
    assert dict(tables.entity_labels.iter_rows()) == {
        "genre:Animation": "Animation",
        "genre:Children's": "Children's",
        "genre:Comedy": "Comedy",
        "genre:Drama": "Drama",
    }


def test_with_catalogue_items_a_film_without_ratings_has_its_genres(tmp_path: Path) -> None:
    config = DataConfig(name="ml", catalogue_items=True)
    tables = read_movielens(config, folder_with(tmp_path))
    assert tables.triples is not None and ("30", "genre", "genre:Drama") in tables.triples.rows()


def test_a_film_without_genres_has_no_fact(tmp_path: Path) -> None:
    tables = read_movielens(
        CONFIG, folder_with(tmp_path, movies="10::Toy Story (1995)::\n\n20::Heat (1995)::Action\n")
    )
    assert tables.triples is not None and tables.triples.rows() == [("20", "genre", "genre:Action")]


def test_films_may_be_missing(tmp_path: Path) -> None:
    (folder_with(tmp_path) / "movies.dat").unlink()
    tables = read_movielens(CONFIG, tmp_path)
    assert tables.interactions.height == 3 and tables.triples is None and tables.catalogue is None


@pytest.mark.parametrize(
    ("files", "words"),
    [
        (
            {"ratings": "1::10::5::9\n\n1::20::5\n"},
            ["ratings.dat, line 3", "'1::20::5'", "3 fields", "whole?"],
        ),
        ({"ratings": "1::10::5::9\n1::20::good::9\n"}, ["ratings.dat, line 2", "'rating'", "'good'"]),
        ({"ratings": "1::10::5::9\n::20::5::9\n"}, ["ratings.dat, line 2", "'user'", "no id"]),
        ({"ratings": "1::10::5::9\n1::20::5::now\n"}, ["ratings.dat, line 2", "'timestamp'", "'now'"]),
        ({"ratings": "1\t10\t5\t9\n"}, ["ratings.dat, line 1", "1 fields", "user::movie::rating::timestamp"]),
        ({"ratings": "\n"}, ["ratings.dat", "empty"]),
        (
            {"movies": MOVIES + "10::Again::Drama\n"},
            ["movies.dat, line 4", "'movie'", "'10'", "stands above"],
        ),
        ({"movies": "10::A::B::C\n"}, ["movies.dat, line 1", "4 fields"]),
    ],
)
def test_broken_files_are_named_by_line(tmp_path: Path, files: dict[str, str], words: list[str]) -> None:
    with pytest.raises(DataError) as caught:
        read_movielens(CONFIG, folder_with(tmp_path, **files))
    for word in words:
        assert word in str(caught.value)


def test_a_folder_without_ratings_and_an_unknown_role_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"there is no ratings\.dat"):
        read_movielens(CONFIG, tmp_path)
    with pytest.raises(DataError, match=r"data\.files has 'users'; it knows ratings, movies"):
        read_movielens(DataConfig(files={"users": "users.dat"}), tmp_path)


def test_no_genre_is_no_genre(tmp_path: Path) -> None:
    tables = read_movielens(CONFIG, folder_with(tmp_path, movies=UNSORTED))
    assert tables.triples is not None and tables.triples.is_empty()
