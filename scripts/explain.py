"""Why an item: `python scripts/explain.py --run latest --user 196 --item 50 --language zh`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from kgrec.cli import refuse_politely
from kgrec.errors import ConfigError
from kgrec.explanation.config import ExplanationConfig
from kgrec.explanation.graph_store import GraphStore
from kgrec.explanation.paths import Path as Reason
from kgrec.explanation.rewriter import Rewriter
from kgrec.explanation.stores import open_store
from kgrec.load_run import load_dataset
from kgrec.recommender import Recommender
from kgrec.run import LATEST, Run, find_run
from kgrec.text_tables import text_table

FILE = "graph.lbug"


@refuse_politely
def main(
    run: Annotated[str, typer.Option(help="A run directory, or latest.")] = LATEST,
    user: Annotated[str | None, typer.Option(help="A user's id.")] = None,
    item: Annotated[str | None, typer.Option(help="The item that is to be explained.")] = None,
    history: Annotated[
        list[str] | None, typer.Option(help="An item that the person had instead; may be repeated.")
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many reasons.")] = 3,
    language: Annotated[str, typer.Option(help="en or zh.")] = "en",
    rewriter: Annotated[str, typer.Option(help="A causal language model that rewords; checked.")] = "",
    cypher: Annotated[str | None, typer.Option(help="A question to the graph instead; reads only.")] = None,
    graph: Annotated[
        str | None, typer.Option(help="Where the graph is kept: a file beside the run, or neo4j://...")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    runs_dir: Annotated[Path, typer.Option(help="Where latest is looked for.")] = Path("runs"),
) -> None:
    """Paths from what a person had to an item, by how far the score falls without them."""
    if cypher is not None:
        ask(find_run(run, runs_dir), graph, cypher, as_json)
        return
    if item is None or (user is None) == (not history):
        raise ConfigError("give --item ID and either --user ID or --history ITEM; or --cypher 'MATCH ...'")
    recommender = Recommender.load(run, runs_dir)
    if rewriter:
        recommender.explainer.rewriter = Rewriter.from_config(ExplanationConfig(rewriter=rewriter))
    paths = recommender.explain(user or "", item, k, language, history)
    for rank, path in enumerate(paths, start=1):
        show(rank, path, as_json)
    if not paths and not as_json:
        print("nothing in the graph connects this person's past with the item")


def ask(run: Path, place: str | None, cypher: str, as_json: bool) -> None:
    """Rows of a question; the graph is loaded from the run where the database has none yet."""
    store: GraphStore = open_store(place or str(run / FILE))
    try:
        if store.query("MATCH (i:Item) RETURN count(*) AS n")[0]["n"] == 0:
            store.load(load_dataset(Run(run), ("train", "valid")))
        rows = store.query(cypher)
    finally:
        store.close()
    if as_json:
        for row in rows:
            print(json.dumps(row, ensure_ascii=False, default=str))
    elif rows:
        print(text_table(tuple(rows[0]), [tuple(map(str, row.values())) for row in rows]))
    else:
        print("no rows")


def show(rank: int, path: Reason, as_json: bool) -> None:
    """One path on standard output."""
    if as_json:
        print(json.dumps({"rank": rank} | asdict(path), ensure_ascii=False))
        return
    print(f"{rank}. {path.words}")
    drawn = path.nodes[0].label or "somebody"
    for place, edge in enumerate(path.edges):
        arrow = f"-[{edge.label}]->" if edge.tail == place + 1 else f"<-[{edge.label}]-"
        drawn += f" {arrow} {path.nodes[place + 1].label or 'somebody'}"
    print(f"   {drawn}\n   without it the score falls by {path.score_drop:.4f}")


if __name__ == "__main__":
    typer.run(main)
