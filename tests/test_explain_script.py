"""scripts/explain.py as people type it."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from kgrec.recommender import Recommender
from kgrec.run import Run

ROOT = Path(__file__).resolve().parent.parent


def call(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "scripts" / "explain.py"), *words]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)


def test_reasons_are_told_drawn_and_counted(trained: Callable[[str], Run], tmp_path: Path) -> None:
    run = trained("kgrec").path
    item = Recommender.load(run).recommend(["u03"], 1)[0][0].item
    done = call(tmp_path, "--run", str(run), "--user", "u03", "--item", item, "-k", "2", "--language", "zh")
    assert done.returncode == 0, done.stderr
    assert (done.stdout.startswith("1. ") and "您选过" in done.stdout) or "另一位" in done.stdout
    assert "without it the score falls by" in done.stdout and "u03 -[选过]->" in done.stdout
    done = call(tmp_path, "--run", str(run), "--history", "i00", "--item", item, "--json")
    first = json.loads(done.stdout.splitlines()[0])
    assert first["rank"] == 1 and first["nodes"][1]["id"] == "i00"


def test_the_graph_is_asked_in_cypher(trained: Callable[[str], Run], tmp_path: Path) -> None:
    run = ("--run", str(trained("kgrec").path), "--graph", str(tmp_path / "graph.lbug"))
    fresh = call(tmp_path, *run, "--cypher", "MATCH (i:Item)-[f:FACT]->(e) RETURN count(*) AS n", "--json")
    assert json.loads(fresh.stdout) == {"n": 30}, fresh.stderr
    again = call(tmp_path, *run, "--cypher", "MATCH (e:Entity) RETURN e.id AS brand ORDER BY brand")
    assert again.stdout.split()[-3:] == ["brand0", "brand1", "brand2"]
    refused = call(tmp_path, *run, "--cypher", "MATCH (n) DETACH DELETE n")
    assert refused.returncode != 0 and "read-only" in refused.stderr and "Traceback" not in refused.stderr


def test_what_makes_no_sense_is_refused_in_one_line(trained: Callable[[str], Run], tmp_path: Path) -> None:
    run = ("--run", str(trained("kgrec").path))
    for words, reason in (
        (("--user", "u03"), "--item"),
        (("--item", "i00"), "--user"),
        (("--user", "u03", "--item", "none"), "none"),
        (("--user", "u03", "--item", "i00", "--language", "fr"), "en, zh"),
    ):
        done = call(tmp_path, *run, *words)
        assert done.returncode != 0 and reason in done.stderr and "Traceback" not in done.stderr
