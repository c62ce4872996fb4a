from pathlib import Path

import pytest

from kgrec.data.config import DataConfig
from kgrec.data.locate import cache_folder, candidate_folders, locate, path_of
from kgrec.errors import DataError

CONFIG = DataConfig(name="shop", files={"interactions": "log.csv", "triples": "facts.csv", "catalogue": ""})


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """The shop's folder under KGREC_DATA and in the cache; neither is there yet."""
    monkeypatch.setenv("KGREC_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("KGREC_CACHE", str(tmp_path / "cache"))
    return tmp_path / "data" / "shop", tmp_path / "cache" / "data" / "shop"


def fill(folder: Path, *names: str) -> Path:
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).write_text("x")
    return folder


def test_the_data_folder_comes_before_the_cache(places: tuple[Path, Path]) -> None:
    own, cached = places
    fill(cached, "log.csv", "facts.csv")
    assert locate(CONFIG) == cached
    fill(own, "log.csv", "facts.csv.gz")
    assert locate(CONFIG) == own


def test_a_folder_without_every_file_is_passed_over(places: tuple[Path, Path]) -> None:
    own, cached = places
    fill(own, "log.csv")
    fill(cached, "log.csv", "facts.csv")
    assert locate(CONFIG) == cached


def test_an_error_names_where_it_looked_and_what_lacks(places: tuple[Path, Path]) -> None:
    own, cached = places
    fill(own, "log.csv")
    with pytest.raises(DataError) as caught:
        locate(CONFIG)
    assert f"{own} (lacks facts.csv)" in str(caught.value)
    assert f"{cached} (no such folder)" in str(caught.value)
    assert "KGREC_DATA" in str(caught.value)


def test_an_empty_variable_counts_as_unset(
    places: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    own, cached = places
    fill(own, "log.csv", "facts.csv")
    monkeypatch.setenv("KGREC_DATA", "")
    assert candidate_folders(CONFIG) == [cached]


def test_the_cache_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KGREC_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "kgrec"
    monkeypatch.setenv("XDG_CACHE_HOME", "")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "kgrec"


def test_a_path_is_taken_as_it_is(
    places: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fill(tmp_path / "mine", "log.csv", "facts.csv")
    monkeypatch.chdir(tmp_path)
    files = CONFIG.files
    assert locate(DataConfig(name="shop", folder=str(folder), files=files)) == folder
    assert locate(DataConfig(name="shop", folder="./mine", files=files)).resolve() == folder
    with pytest.raises(DataError, match="no such folder"):
        locate(DataConfig(name="shop", folder="./other", files=files))


def test_a_data_set_without_a_name_is_refused() -> None:
    with pytest.raises(DataError, match=r"data\.folder and data\.name are empty"):
        locate(DataConfig())


def test_files_are_found_by_configuration_or_usual_name(tmp_path: Path) -> None:
    folder = fill(tmp_path / "shop", "log.csv.gz", "usual.txt")
    assert path_of(folder, CONFIG, "interactions") == folder / "log.csv.gz"
    assert path_of(folder, CONFIG, "valid", "usual.txt") == folder / "usual.txt"
    assert path_of(folder, CONFIG, "catalogue") is None
    assert path_of(folder, CONFIG, "valid", "other.txt") is None
    with pytest.raises(DataError, match=r"facts\.csv: there is no such file; correct data\.files\.triples"):
        path_of(folder, CONFIG, "triples")
