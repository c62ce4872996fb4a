"""10,000 bodies and addresses that make no sense: `python benchmarks/service/malformed.py --run RUN`.

Each is a valid request with something done to it: cut, bytes flipped, other types, huge numbers, deep
nesting, odd characters. The service has to answer every one, and none with 5xx.
"""

import json
import random
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from load import KEY, RESULTS, start

OUT = RESULTS / "service-malformed.md"
VALID: list[tuple[str, str, Any]] = [
    (
        "POST",
        "/events",
        {"events": [{"id": "e", "user": "196", "item": "50", "kind": "click", "weight": 1.0}]},
    ),
    ("POST", "/recommend", {"history": ["50", "181"], "k": 10}),
    ("POST", "/recommend", {"history": {"50": 1.0}, "k": 3}),
    ("PUT", "/items", {"id": "n", "title": "t", "description": "d", "facts": [["brand", "b"]]}),
]
ADDRESSES = ["/recommend?user=196&k=5", "/search?q=star&k=3&filter=a:b", "/similar?item=50", "/items/50",
             "/explain?user=196&item=50&k=2&language=en", "/suggest?q=st&k=3", "/users/196"]  # fmt: skip
ODD: list[Any] = [
    None, True, -1, 0, 1e308, -1e400, 2**70, "", " ", "\0", "\ud800", "x" * 100_000,
    "' OR 1=1 --", "../../etc/passwd",
    [], {}, [[]], {"a": {"b": {}}}, [None] * 2000, "運動鞋", "\u202e", float("nan"), ["50"] * 5000,
]  # fmt: skip


def main(
    run: Annotated[Path, typer.Option(help="A run directory.")],
    count: Annotated[int, typer.Option(help="Requests.")] = 10_000,
    out: Annotated[Path, typer.Option(help="Where the counts are written.")] = RESULTS
    / "service-malformed.md",
) -> None:
    """Send them, count the answers, fail where one was 5xx."""
    rng = random.Random(20_000)
    statuses: Counter[int] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(run, Path(folder) / "run", ignore=shutil.ignore_patterns("live"))
        process = start(copy, Path(folder) / "events.db")
        try:
            assert process.stdout is not None
            address = next(line.split()[1] for line in process.stdout if line.startswith("ready:"))
            with httpx.Client(base_url=address, headers={"X-API-Key": KEY}, timeout=30) as client:
                for _ in range(count):
                    status, sent = attack(client, rng)
                    statuses[status] += 1
                    if status >= 500:
                        print(status, repr(sent)[:300], file=sys.stderr)
                assert client.get("/health").json()["status"] == "ok"
        finally:
            process.terminate()
            process.wait(30)
    rows = "\n".join(f"| {status} | {n:,} |" for status, n in sorted(statuses.items()))
    out.write_text(
        f"{count:,} malformed requests (seed 20000), and how they were answered; the service is healthy "
        f"after them.\n\n| status | answers |\n| --- | --- |\n{rows}\n"
    )
    print(out.read_text())
    if any(status >= 500 for status in statuses):
        raise SystemExit("a malformed request made the service fail")


def attack(client: httpx.Client, rng: random.Random) -> tuple[int, object]:
    """One request and its status."""
    if rng.random() < 0.25:
        address = bent_address(rng.choice(ADDRESSES), rng)
        try:
            return client.get(address).status_code, address
        except httpx.InvalidURL:
            # Not even the client would send that.
            return attack(client, rng)
    method, path, body = rng.choice(VALID)
    sent = rng.choice(BODIES)(body, rng)
    kind = rng.choice(["application/json"] * 8 + ["text/plain", "application/xml; charset=utf-7"])
    return client.request(method, path, content=sent, headers={"content-type": kind}).status_code, (
        path,
        sent,
    )


def bent_value(body: Any, rng: random.Random) -> bytes:
    """One value of the body replaced by an odd one, or one key by another."""
    bent = json.loads(json.dumps(body))
    place = bent["events"][0] if "events" in bent and rng.random() < 0.8 else bent
    key = rng.choice(list(place))
    if rng.random() < 0.2:
        place[rng.choice(["", "extra", key.upper(), "__class__"])] = place.pop(key)
    else:
        place[key] = rng.choice(ODD)
    return json.dumps(bent).encode("utf-8", "surrogatepass")


def cut(body: Any, rng: random.Random) -> bytes:
    """The end is missing."""
    text = json.dumps(body).encode()
    return text[: rng.randrange(len(text))]


def flipped(body: Any, rng: random.Random) -> bytes:
    """Some bytes are others."""
    text = bytearray(json.dumps(body).encode())
    for _ in range(rng.randint(1, 5)):
        text[rng.randrange(len(text))] = rng.randrange(256)
    return bytes(text)


def deep(_: Any, rng: random.Random) -> bytes:
    """Brackets without end."""
    depth = rng.choice([10, 1000, 100_000])
    return rng.choice([b"[", b'{"a":']) * depth + (b"]" * depth if rng.random() < 0.5 else b"")


def odd(_: Any, rng: random.Random) -> bytes:
    """A valid text of the wrong kind."""
    return json.dumps(rng.choice(ODD)).encode("utf-8", "surrogatepass")


def noise(_: Any, rng: random.Random) -> bytes:
    """Anything at all."""
    return rng.randbytes(rng.randint(0, 300))


BODIES: list[Callable[[Any, random.Random], bytes]] = [
    bent_value, bent_value, bent_value, cut, flipped, deep, odd, noise,
]  # fmt: skip
INSERTED = ["%00", "%ff", "%F0%9F", "&k=1e9", "&k=-1", "&user=", "%", ":", "/", "%2e%2e%2f", "運", "&filter="]


def bent_address(address: str, rng: random.Random) -> str:
    """A valid address with some characters put in, out or instead."""
    odd_ones = [*INSERTED, "x" * 600]
    text = address
    for _ in range(rng.randint(1, 3)):
        place = rng.randrange(1, len(text) + 1)
        text = text[:place] + rng.choice(odd_ones) + text[place + rng.randint(0, 2) :]
    return text if text.startswith("/") else f"/{text}"


if __name__ == "__main__":
    typer.run(main)
