"""Fit a learned fusion on judgements: `python scripts/fit_ranker.py queries.csv ranker.txt --data zh-shop`.

Prints what each fusion is worth on a fifth of the queries: the trees were stopped there, so another set of
queries has to judge them in the end. Search with it by `scripts/search.py --ranker ranker.txt`.
"""

from pathlib import Path
from typing import Annotated

import typer

from kgrec.cli import refuse_politely
from kgrec.data.judgements import Judgements
from kgrec.evaluation.graded import judge, means
from kgrec.retrieval.found import find
from kgrec.retrieval.learned_fusion import checked, with_learned_fusion
from kgrec.search_data import open_engine

CONF = Path(__file__).resolve().parent.parent / "conf"
METRIC = "ndcg@10"


@refuse_politely
def main(
    judgements: Annotated[
        Path, typer.Argument(help="A table with the columns query, item, grade (and user).")
    ],
    output: Annotated[Path, typer.Argument(help="Where the ranker is written.")],
    data: Annotated[str | None, typer.Option(help="A file of conf/data whose catalogue is searched.")] = None,
    run: Annotated[
        str | None, typer.Option(help="A run directory, or latest (the default without --data).")
    ] = None,
    hide: Annotated[
        list[str] | None, typer.Option(help="A relation or column that search may not see.")
    ] = None,
    runs_dir: Annotated[Path, typer.Option(help="Where latest is looked for.")] = Path("runs"),
) -> None:
    """Fit, write, and compare with the fusion that is configured."""
    judged = Judgements.read(judgements)
    engine = open_engine(data, run, runs_dir, CONF, hide or [], None)
    found = find(engine, judged.topics, "searching")
    learned = with_learned_fusion(found, judged)
    assert learned.ranker is not None
    learned.ranker.save(output)
    check = checked(judged)
    for name, one in ((engine.config.fusion, engine), ("learned", learned)):
        value = means(judge(found.rankings(one.fuse), check))[METRIC]
        print(f"{name}: {METRIC} {value:.4f} on {len(check)} queries")
    print(f"{output}: search with --ranker {output}")


if __name__ == "__main__":
    typer.run(main)
