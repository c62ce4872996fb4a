"""Requests that leave at fixed times whether or not earlier ones are answered.

A slow answer cannot slow such a load down and hide itself; a latency counts from when its request was due.
"""

import asyncio
import itertools
import os
import random
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import polars as pl

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
