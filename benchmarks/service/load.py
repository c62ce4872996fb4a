"""Load on the service from a second process: `python benchmarks/service/load.py --run RUN`."""

import asyncio
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Annotated

import httpx
import typer
from open_loop import Answers, distinct_queries, people_and_titles, phase

from kgrec.recommender import Recommender

ROOT = Path(__file__).resolve().parent.parent.parent
RESULTS = ROOT / "benchmarks" / "results"
KEY = "load-test-operate-key"


def main(
    run: Annotated[Path, typer.Option(help="A run directory of ml-100k.")],
    seconds: Annotated[float, typer.Option(help="Length of each phase.")] = 60.0,
    out: Annotated[Path, typer.Option(help="Where the table is written.")] = RESULTS / "service-load.md",
) -> None:
    """Start the service, wait until it is ready, and measure three kinds of load."""
    folder = Path(tempfile.mkdtemp(prefix="kgrec-load"))
    # A copy: the run's own generations belong to a log of theirs.
    copy = shutil.copytree(run, folder / "run", ignore=shutil.ignore_patterns("live"))
    started = time.perf_counter()
    process = start(copy, folder / "events.db")
    try:
        assert process.stdout is not None
        address = next(line.split()[1] for line in process.stdout if line.startswith("ready:"))
        ready = time.perf_counter() - started
        searching = wait_for_search(address, started)
        answers = asyncio.run(measure(address, run, seconds))
    finally:
        process.terminate()
        process.wait(30)
        shutil.rmtree(folder)
    out.write_text(report(describe(run), ready, searching, answers, seconds))
    print(out.read_text())


def start(run: Path, log: Path) -> "subprocess.Popen[str]":
    """The service in a process of its own."""
    command = [sys.executable, str(ROOT / "scripts" / "serve.py"), "--run", str(run), "--port", "0"]
    environment = os.environ | {"KGREC_KEYS": f"operate:{KEY}", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [*command, "--log", f"sqlite:///{log}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        env=environment,
    )


def wait_for_search(address: str, started: float) -> float:
    """Seconds from the start until the search index stands."""
    while not httpx.get(f"{address}/health").json()["search_ready"]:
        time.sleep(0.05)
    return time.perf_counter() - started


async def measure(address: str, run: Path, seconds: float) -> list[Answers]:
    """The phases, one after another."""
    users, titles = people_and_titles(run)
    queries = distinct_queries(titles)
    headers = {"X-API-Key": KEY}
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=200)
    async with httpx.AsyncClient(base_url=address, headers=headers, limits=limits, timeout=10) as client:

        def recommend(n: int) -> httpx.Request:
            return client.build_request("GET", "/recommend", params={"user": users[n % len(users)], "k": 20})

        def search(n: int) -> httpx.Request:
            user = users[n % len(users)]
            return client.build_request("GET", "/search", params={"q": next(queries), "user": user, "k": 20})

        async def refresh() -> str:
            answer = await client.post("/refresh", timeout=600)
            return str(answer.json().get("reason", answer.text))

        answers = [
            await phase("recommendations", 200, seconds, client, recommend),
            await phase("searches, each of its own words", 20, seconds, client, search),
        ]
        await events(client, users, titles)
        learning = asyncio.create_task(refresh())
        during = await phase("recommendations during a refresh", 50, seconds, client, recommend)
        reason = await learning
        answers.append(Answers(f"{during.name} ({reason})", *list(vars(during).values())[1:]))
        return answers


async def events(client: httpx.AsyncClient, users: list[str], items: dict[str, str]) -> None:
    """Something to learn from: each of many people takes what is third for them."""
    sent = []
    for user in users[:400]:
        best = (await client.get("/recommend", params={"user": user, "k": 3})).json()["items"]
        sent.append({"id": f"load-{user}", "user": user, "item": best[-1]["item"], "kind": "like"})
    answer = await client.post("/events", json={"events": sent})
    answer.raise_for_status()


def describe(run: Path) -> str:
    """Data, model and encoder of a run."""
    config = Recommender.load(run).config
    encoders = " and ".join(encoder.name for encoder in config.features.text.encoders)
    return f"Data {config.data.name}, model {config.model.name}, queries encoded by {encoders}"


def report(described: str, ready: float, searching: float, answers: list[Answers], seconds: float) -> str:
    """The table and what stands above it."""
    lines = [
        f"Load on one service process from a second process on the same two cores, {seconds:g} s a phase, "
        f"open loop (a latency counts from when its request was due). {described}, SQLite log. Load: the "
        "machine's mean of runnable processes over the last minute, both programs included.",
        "",
        f"Ready {ready:.1f} s after the start of the process; search indexes stand after {searching:.1f} s.",
        "",
        "| load | requests/s | answers | p50 ms | p95 ms | p99 ms | max ms | errors | load |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- |",
        *(one.row() for one in answers),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    typer.run(main)
