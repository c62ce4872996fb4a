"""Recommend from a run: `python scripts/recommend.py --run latest --user 196 -k 10 --json`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kgrec.cli import refuse_politely
from kgrec.errors import ConfigError
from kgrec.recommender import Hit, Recommender
from kgrec.text_tables import text_table


@refuse_politely
def main(
    run: Annotated[str, typer.Option(help="A run directory, or latest.")] = "latest",
    user: Annotated[list[str] | None, typer.Option(help="A user's id; may be given several times.")] = None,
    history: Annotated[
        list[str] | None, typer.Option(help="An item that a new person had; may be given several times.")
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many items.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    include_seen: Annotated[bool, typer.Option(help="Also items that the person already has.")] = False,
    runs_dir: Annotated[Path, typer.Option(help="Where latest is looked for.")] = Path("runs"),
) -> None:
    """Recommend items to known users, or to a person with a history given on the spot."""
    if bool(user) == bool(history):
        raise ConfigError("give either --user ID or --history ITEM (both may be repeated)")
    recommender = Recommender.load(run, runs_dir)
    if user:
        answers = dict(zip(user, recommender.recommend(user, k, not include_seen), strict=True))
    else:
        answers = {"": recommender.recommend_for_history(history or [], k, not include_seen)}
    for person, hits in answers.items():
        show(person, hits, as_json)


def show(person: str, hits: list[Hit], as_json: bool) -> None:
    """One person's items on standard output."""
    if as_json:
        for rank, hit in enumerate(hits, start=1):
            record = ({"user": person} if person else {}) | {"rank": rank} | asdict(hit)
            print(json.dumps(record, ensure_ascii=False))
        return
    print(f"user {person}" if person else "new person")
    rows = [(rank, hit.item, hit.score, hit.title or "") for rank, hit in enumerate(hits, start=1)]
    print(text_table(("rank", "item", "score", "title"), rows))


if __name__ == "__main__":
    typer.run(main)
