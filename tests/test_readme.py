"""Every command of the README works as it stands, and its tables are what the benchmarks wrote."""

import re
import runpy
import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text()


def blocks() -> list[tuple[str, str]]:
    """(language, code) of every block, in order."""
    return re.findall(r"```(bash|python)\n(.*?)```", README, flags=re.DOTALL)


def script_calls(code: str) -> list[list[str]]:
    """The words of every `python scripts/...` line; comments and line ends with \\ understood."""
    lines = code.replace("\\\n", " ").splitlines()
    calls = [shlex.split(line, comments=True) for line in lines]
    return [words for words in calls if words[:1] == ["python"]]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory, tiny_e5: Path) -> Path:
    """A checkout with MovieLens-100K and zh-shop in miniature beside it: the same files, columns and ids, a
    few rows, and in place of the encoder a tiny one."""
    folder = tmp_path_factory.mktemp("readme")
    for name in ("scripts", "conf"):
        (folder / name).symlink_to(ROOT / name)
    write_movielens(folder / "data" / "ml-100k")
    write_shop(folder / "my_folder")
    write_zh_shop(folder / "data" / "zh-shop")
    (folder / "models").mkdir()
    (folder / "models" / "multilingual-e5-small-zh-en").symlink_to(tiny_e5)
    return folder


def write_movielens(folder: Path) -> None:
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    users, items = ["196", "186", *map(str, range(1, 30))], ["50", "172", *map(str, range(1, 25))]
    rows = [
        f"{user}\t{item}\t{rng.integers(1, 6)}\t{881250949 + i}"
        for i, user in enumerate(users)
        for item in rng.permutation(items)[:10]
    ]
    tables = {
        "inter": ["user_id:token\titem_id:token\trating:float\ttimestamp:float", *rows],
        "item": [
            "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq",
            *(f"{item}\tFilm {item}\t19{10 + int(item) % 90}\tDrama" for item in items),
        ],
        "link": ["item_id:token\tentity_id:token", *(f"{item}\tm.{item}" for item in items)],
        "kg": [
            "head_id:token\trelation_id:token\ttail_id:token",
            *(f"m.{item}\tfilm.film.genre\tm.g{int(item) % 3}" for item in items),
        ],
        "user": ["user_id:token\tage:token", *(f"{user}\t30" for user in users)],
    }
    for ending, lines in tables.items():
        (folder / f"ml-100k.{ending}").write_text("\n".join(lines) + "\n")


def write_shop(folder: Path) -> None:
    folder.mkdir()
    pairs = [f"c{user},s{item}" for user in range(12) for item in range(24) if (user + item) % 2]
    (folder / "orders.csv").write_text("\n".join(["customer_id,sku", *pairs]) + "\n")
    facts = [f"s{item},brand,b{item % 2}" for item in range(24)]
    (folder / "facts.csv").write_text("\n".join(["head,relation,tail", *facts]) + "\n")
    (folder / "items.csv").write_text("\n".join(["sku,title", *(f"s{i},shoe {i}" for i in range(24))]) + "\n")


def write_zh_shop(folder: Path) -> None:
    folder.mkdir()
    goods = ["m35,耐克运动鞋,running,运动鞋,NIKE", "m36,耐克男鞋,,运动鞋,NIKE", "s1,纯棉四件套,bed,床品件套,"]
    (folder / "items.csv").write_text("\n".join(["item_id,title,description,category,brand", *goods]) + "\n")
    facts = ["m35,category,运动鞋", "m36,category,运动鞋", "s1,category,床品件套"]
    (folder / "triples.csv").write_text("\n".join(["head,relation,tail", *facts]) + "\n")


@contextmanager
def served() -> Iterator[tuple[str, str]]:
    """Address and key of the newest run's service, as `make serve` starts it."""
    command = [sys.executable, "scripts/serve.py", "--run", "latest", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        said: dict[str, str] = {}
        for line in process.stdout:
            name, _, value = line.strip().partition(": ")
            said[name] = value
            if name == "ready":
                break
        try:
            yield said["ready"], said["key for operate"]
        finally:
            process.terminate()


def test_every_command_of_the_readme_runs_in_its_order(
    place: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    monkeypatch.setenv("KGREC_DATA", str(place / "data"))
    monkeypatch.delenv("KGREC_MODELS", raising=False)
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    n_calls = 0
    for language, code in blocks():
        if language == "python" and "Client(" in code:
            with served() as (address, key):
                exec(
                    code.replace("http://127.0.0.1:8000", address).replace("the key that was printed", key),
                    {},
                )
            continue
        if language == "python":
            names: dict[str, object] = {}
            exec(code, names)
            assert "recommender" in names
            continue
        for words in script_calls(code):
            command = [sys.executable, *words[1:]]
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
            assert done.returncode == 0, f"{' '.join(words)}\n{done.stderr[-3000:]}"
            assert done.stdout.strip()
            n_calls += 1
    assert n_calls >= 10


def test_the_tables_are_what_the_benchmarks_wrote() -> None:
    generated = runpy.run_path(str(ROOT / "benchmarks" / "readme.py"))["generated"]
    assert generated(README) == README, "run python benchmarks/readme.py"
