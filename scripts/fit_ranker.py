"""Fit a learned fusion on judgements: `python scripts/fit_ranker.py queries.csv ranker.txt --data zh-shop`.

Prints what each fusion is worth on a fifth of the queries: the trees were stopped there, so another set of
queries has to judge them in the end. Search with it by `scripts/search.py --ranker ranker.txt`.
"""

from pathlib import Path
from typing import Annotated

import typer

from kgrec.cli import refuse_politely
from kgrec.data.judgements import Judgements
from kgrec.errors import ConfigError
from kgrec.evaluation.graded import judge, means
from kgrec.recommender import Recommender
from kgrec.retrieval.config import SearchConfig
from kgrec.retrieval.engine import SearchEngine
from kgrec.retrieval.found import find
from kgrec.retrieval.learned_fusion import checked, with_learned_fusion
from kgrec.run import LATEST
from kgrec.search_data import engine_over_data

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
    """Fit, write, and compare with the fusion that needs no judgements."""
    if data is not None and run is not None:
        raise ConfigError("give either --data NAME or --run RUN, not both")
    judged = Judgements.read(judgements)
    config = SearchConfig(hidden_relations=hide or [])
    if data is not None:
        engine = engine_over_data(data, CONF, config)
    else:
        engine = SearchEngine.from_run(Recommender.load(run or LATEST, runs_dir), config)
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
