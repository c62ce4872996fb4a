"""Load on the service from a second process: `python benchmarks/service/load.py --run RUN`.

Requests leave at fixed times whether or not earlier ones are answered (an open loop), so that a slow answer
cannot slow the load down and hide itself; a latency is counted from the time at which its request was due.
"""

import asyncio
import itertools
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import httpx
import numpy as np
import polars as pl
import typer

from kgrec.recommender import Recommender

ROOT = Path(__file__).resolve().parent.parent.parent
RESULTS = ROOT / "benchmarks" / "results"
KEY = "load-test-operate-key"
WORDS = ("comedy", "drama", "war", "love", "space", "murder", "mystery", "children", "music", "crime")


@dataclass(frozen=True)
class Answers:
    """What came back in one phase."""

    name: str
    rate: float
    milliseconds: np.ndarray
    errors: list[str]
    load: float
    """Runnable processes of the machine, mean over the last minute, at the end of the phase."""

    def row(self) -> str:
        """A line of the table."""
        p50, p95, p99 = np.percentile(self.milliseconds, [50, 95, 99])
        numbers = " | ".join(f"{value:.1f}" for value in (p50, p95, p99, self.milliseconds.max()))
        return (
            f"| {self.name} | {self.rate:g} | {len(self.milliseconds):,} | {numbers} | {len(self.errors)} "
            f"| {self.load:.1f} |"
        )


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


async def phase(
    name: str,
    rate: float,
    seconds: float,
    client: httpx.AsyncClient,
    request: Callable[[int], httpx.Request],
) -> Answers:
    """Send ``rate`` requests a second for ``seconds``."""
    latencies: list[float] = []
    errors: list[str] = []
    begun = time.perf_counter()

    async def one(n: int, due: float) -> None:
        try:
            answer = await client.send(request(n))
            if answer.status_code != 200:
                errors.append(f"{answer.status_code} {answer.text[:200]}")
        except httpx.HTTPError as error:
            errors.append(repr(error))
        latencies.append(1000 * (time.perf_counter() - due))

    tasks = []
    for n in range(int(rate * seconds)):
        due = begun + n / rate
        await asyncio.sleep(max(0.0, due - time.perf_counter()))
        tasks.append(asyncio.create_task(one(n, due)))
    await asyncio.gather(*tasks)
    for error in errors[:3]:
        print(f"{name}: {error}", file=sys.stderr)
    return Answers(name, rate, np.array(latencies), errors, os.getloadavg()[0])


async def events(client: httpx.AsyncClient, users: list[str], items: dict[str, str]) -> None:
    """Something to learn from: each of many people takes what is third for them."""
    sent = []
    for user in users[:400]:
        best = (await client.get("/recommend", params={"user": user, "k": 3})).json()["items"]
        sent.append({"id": f"load-{user}", "user": user, "item": best[-1]["item"], "kind": "like"})
    answer = await client.post("/events", json={"events": sent})
    answer.raise_for_status()


def people_and_titles(run: Path) -> tuple[list[str], dict[str, str]]:
    """Users in a fixed random order, and titles by item."""
    users = pl.read_parquet(run / "vocabulary" / "users.parquet")["id"].to_list()
    random.Random(0).shuffle(users)
    catalogue = pl.read_parquet(run / "catalogue.parquet").select("item", "title").drop_nulls()
    return users, dict(catalogue.iter_rows())


def distinct_queries(titles: dict[str, str]) -> Iterator[str]:
    """Texts that nobody asked before, so that every one has to be encoded."""
    rng, asked = random.Random(1), set()
    words = sorted({word for title in titles.values() for word in title.split() if word.isalpha()})
    for _ in itertools.count():
        text = " ".join([*rng.sample(words, 2), rng.choice(WORDS)])
        if text not in asked:
            asked.add(text)
            yield text


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
