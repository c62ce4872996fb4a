"""Cold start measured: `python benchmarks/online/cold_start.py`.

Items that nobody has had and people whom no model has seen, on data with titles and facts; recall@20 by what
a model knows of items: text, facts, both or none. Writes benchmarks/results/cold-start.md.
"""

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer
from cold_items import COLD, cold_items
from cold_jobs import job
from cold_table import table
from cold_users import KNOWN, LEAST, cold_users, without_people

from kgrec.prepare import prepare

RESULTS = Path(__file__).resolve().parent.parent / "results"


def section(data: str) -> str:
    """Both tables of one data set."""
    held = prepare(job(data, *COLD))
    test, items = held.split.test, len(held.dataset.items)
    _, people = without_people(prepare(job(data)))
    told = ", ".join(str(known) for known in KNOWN)
    strangers = int((people.indptr[1:] > people.indptr[:-1]).sum())
    of_items, of_people = cold_items(data), cold_users(data)
    return "\n\n".join(
        [
            f"## {data}",
            f"Items: {len(set(test.items.tolist())):,} of {items:,} items are held out with all their "
            f"{len(test):,} interactions (as many more choose epoch, first layer, penalty and neighbours); "
            f"recall@20 over the {len(set(test.users.tolist())):,} people who had any of them.",
            table(of_items),
            f"People: {strangers:,} of {people.n_users:,}, with {LEAST} interactions or more, are held out "
            f"wholly; the first {told} of each are told to the model, and "
            f"what comes after the first {max(KNOWN)} is to be found (none of those {max(KNOWN)} is ranked). "
            "With none, everybody gets the same list; EASE's is that of popularity.",
            table(of_people),
        ]
    )


def main(
    data: Annotated[list[str] | None, typer.Option(help="Data sets with titles and facts.")] = None,
    output: Annotated[Path, typer.Option(help="Where the results are written.")] = RESULTS,
) -> None:
    """Hold out, fit, judge, write and print."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s: %(message)s")
    text = (
        "# Cold start\n\n`EASE, nearest known` scores a new item as the mean of the known items that are "
        "most like it, as the live model does. `kgrec` is the flagship trained without the held-out items or "
        "people; they stand in its graph by their facts alone. One seed."
    )
    output.mkdir(parents=True, exist_ok=True)
    for name in data or ["ml-100k", "dbbook2014"]:
        text += "\n\n" + section(name)
        (output / "cold-start.md").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    typer.run(main)
