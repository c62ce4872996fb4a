"""scripts/search.py as people type it."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kgrec.run import Run

ROOT = Path(__file__).resolve().parent.parent


def call(folder: Path, *words: str, given: str = "") -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "search.py"), *words]
    return subprocess.run(
        command, cwd=folder, input=given, capture_output=True, text=True, timeout=300, check=False
    )


def records(done: subprocess.CompletedProcess[str]) -> list[dict[str, object]]:
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_run_is_searched_for_a_user_in_one_object_a_line(
    trained: Callable[[str], Run], tmp_path: Path
) -> None:
    run = str(trained("lightgcn").path)
    queries = "blanket\n\nit's a=b\n1e5\n"
    found = records(
        call(tmp_path, "--queries", "-", "--run", run, "--user", "u03", "-k", "2", "--json", given=queries)
    )
    assert [(record["query"], record["rank"]) for record in found] == [
        (query, rank) for query in ("blanket", "it's a=b", "1e5") for rank in (1, 2)
    ]
    assert all("blanket" in str(record["title"]) for record in found[:2])
    assert {"lexical", "personal"} <= set(found[0]["parts"])  # type: ignore[call-overload]


def test_filters_facets_and_reasons_are_shown(trained: Callable[[str], Run], tmp_path: Path) -> None:
    run = str(trained("lightgcn").path)
    options = ("--filter", "brand=brand1", "--facets", "--explain", "-k", "2")
    done = call(tmp_path, "runing shoe", "--run", run, *options)
    assert done.returncode == 0, done.stderr
    assert "read as running shoe" in done.stdout and "brand: brand1 (10)" in done.stdout
    assert "wool blanket" in done.stdout and "running shoe " not in done.stdout.replace("read as", "")


def test_contradictions_are_refused_without_a_traceback(tmp_path: Path) -> None:
    for words, why in (
        (("shoe", "--queries", "-"), "give either a text or --queries"),
        (("shoe", "--data", "no-such"), "there is no data set 'no-such'"),
    ):
        done = call(tmp_path, *words)
        assert done.returncode == 2
        assert f"ConfigError: {why}" in done.stderr and "Traceback" not in done.stderr
        assert done.stdout == ""


@pytest.mark.slow
@pytest.mark.skipif(
    not (os.environ.get("KGREC_DATA") and os.environ.get("KGREC_MODELS")),
    reason="needs zh-shop under KGREC_DATA and multilingual-e5-small-zh-en under KGREC_MODELS",
)
def test_the_worked_example(cache: Path, tmp_path: Path) -> None:
    found = records(call(tmp_path, "运动鞋", "--data", "zh-shop", "-k", "3", "--json"))
    assert len(found) == 3
    assert {record["item"] for record in found} >= {"m35", "m36"}


def test_an_encoder_is_taught_by_a_catalogue_and_by_judgements(tmp_path: Path, tiny_e5: Path) -> None:
    (tmp_path / "zh-shop").mkdir()
    goods = "item_id,title,description,category,brand\na,red shoe,,x,Acme\nb,blue pan,,y,\nc,green sock,,y,\n"
    (tmp_path / "zh-shop" / "items.csv").write_text(goods)
    (tmp_path / "zh-shop" / "triples.csv").write_text("head,relation,tail\na,brand,Acme\n")
    (tmp_path / "asked.csv").write_text("query,item,grade\nqred,a,2\nqblue,b,1\nqblue,a,0\n")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "multilingual-e5-small-zh-en").symlink_to(tiny_e5)
    places = {"KGREC_DATA": str(tmp_path), "KGREC_MODELS": str(tmp_path / "models"), "OMP_NUM_THREADS": "1"}

    def teach(*words: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(ROOT / "scripts" / "finetune.py"), "--data", "zh-shop", *words]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, env=os.environ | places, check=False
        )

    done = teach("--output", "judged", "--judgements", "asked.csv")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("judged: 2 pairs, 3 steps")
    done = teach("--output", "made", "--queries", "2", "--epochs", "1")
    assert done.stdout.startswith("made: 2 pairs, 1 steps"), done.stderr
    assert (tmp_path / "made" / "finetuning.yaml").is_file()
    done = teach("--output", "made")
    assert done.returncode == 2
    assert "is there already" in done.stderr


def test_a_fusion_is_fitted_on_judged_queries_and_searched_with(
    trained: Callable[[str], Run], tmp_path: Path
) -> None:
    run = trained("lightgcn")
    titles = {
        hit["item"]: str(hit["title"])
        for hit in records(call(tmp_path, "-k", "40", "--run", str(run.path), "--json"))
    }
    words = (
        "blanket",
        "shoe",
        "wool",
        "running",
        "running shoe",
        "wool blanket",
        "warm blanket",
        "fast shoe",
    )
    judged = [
        f"{word},{item},1" for word in words for item, title in titles.items() if word.split()[-1] in title
    ]
    (tmp_path / "queries.csv").write_text("query,item,grade\n" + "\n".join(judged) + "\n")
    script = [sys.executable, str(ROOT / "scripts" / "fit_ranker.py"), "queries.csv", "ranker.txt", "--run"]
    done = subprocess.run(
        [*script, str(run.path)], cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "learned: ndcg@10 " in done.stdout and "on 2 queries" in done.stdout
    found = records(call(tmp_path, "blanket", "--run", str(run.path), "--ranker", "ranker.txt", "--json"))
    assert found and "blanket" in str(found[0]["title"])
    (tmp_path / "ranker.txt").write_text("nothing")
    done = call(tmp_path, "blanket", "--run", str(run.path), "--ranker", "ranker.txt")
    assert done.returncode == 2 and "no learned ranker" in done.stderr and "Traceback" not in done.stderr
