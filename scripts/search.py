"""Search a catalogue or a run: `python scripts/search.py 运动鞋 --data zh-shop -k 3 --json`."""

from pathlib import Path
from typing import Annotated

import typer

from kgrec.cli import refuse_politely
from kgrec.errors import ConfigError
from kgrec.search_data import open_engine
from kgrec.search_options import filters_from, queries_from
from kgrec.search_report import show

CONF = Path(__file__).resolve().parent.parent / "conf"


@refuse_politely
def main(
    text: Annotated[
        str | None, typer.Argument(help="What to search for; nothing gives recommendations.")
    ] = None,
    queries: Annotated[
        str | None, typer.Option(help="A file with one query a line; - is standard input.")
    ] = None,
    data: Annotated[str | None, typer.Option(help="A file of conf/data whose catalogue is searched.")] = None,
    run: Annotated[
        str | None, typer.Option(help="A run directory, or latest (the default without --data).")
    ] = None,
    user: Annotated[str | None, typer.Option(help="A user's id.")] = None,
    history: Annotated[
        list[str] | None, typer.Option(help="An item that a new person had; may be given several times.")
    ] = None,
    k: Annotated[int, typer.Option("-k", min=1, help="How many items.")] = 10,
    conditions: Annotated[
        list[str] | None, typer.Option("--filter", help="relation=value; may be given several times.")
    ] = None,
    price: Annotated[str | None, typer.Option(help="least:largest; either may be left out.")] = None,
    hide: Annotated[
        list[str] | None, typer.Option(help="A relation or column that search may not see.")
    ] = None,
    ranker: Annotated[
        Path | None, typer.Option(help="A learned fusion, as scripts/fit_ranker.py wrote it.")
    ] = None,
    facets: Annotated[bool, typer.Option("--facets", help="Count attributes among the first hits.")] = False,
    explain: Annotated[bool, typer.Option("--explain", help="Say why each hit stands there.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
    runs_dir: Annotated[Path, typer.Option(help="Where latest is looked for.")] = Path("runs"),
) -> None:
    """Search a catalogue, or with a run everything that it knows of goods and people."""
    if text is not None and queries is not None:
        raise ConfigError("give either a text or --queries FILE, not both")
    filters = filters_from(conditions or [], price)
    texts = queries_from(queries) if queries is not None else [text or ""]
    engine = open_engine(data, run, runs_dir, CONF, hide or [], ranker)
    for one in texts:
        show(engine.search(one, user, history, k, filters, facets), as_json, explain)


if __name__ == "__main__":
    typer.run(main)
