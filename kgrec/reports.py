"""What a person reads after a run: its metrics, and what it recommends to a few users."""

import polars as pl

from kgrec.recommender import Recommender
from kgrec.run import Run
from kgrec.text_tables import text_table

SHOWN = ("recall@10", "ndcg@10", "mrr@10", "hit@10", "precision@10", "recall@20", "ndcg@20")


def run_report(run: Run, n_users: int = 3, k: int = 10) -> str:
    """Metrics of one run and the best ``k`` items of its ``n_users`` most active users."""
    recommender = Recommender.load(run.path)
    parts = [metrics_table([run])]
    for user in active_users(run, n_users):
        hits = recommender.recommend([user], k)[0]
        rows = [(rank, hit.item, hit.score, hit.title or "") for rank, hit in enumerate(hits, start=1)]
        parts.append(f"user {user}\n" + text_table(("rank", "item", "score", "title"), rows))
    return "\n\n".join(parts)


def sample_rows(run: Run, n_users: int = 5, k: int = 10) -> tuple[list[str], list[str], list[list[object]]]:
    """A few users' saved rankings for the tracker: the users, column names, and a row a recommendation."""
    users = active_users(run, n_users)
    titles = run.read_table("catalogue.parquet").select("item", "title")
    top = run.read_table("top_k.parquet").filter(pl.col("user").is_in(users) & (pl.col("rank") <= k))
    sample = top.join(titles, on="item", how="left", maintain_order="left")
    columns = ["rank", "item", "title", "score"]
    return sample["user"].to_list(), columns, [list(row) for row in sample.select(columns).iter_rows()]


def metrics_table(runs: list[Run]) -> str:
    """A line a run and part: the metrics that papers print."""
    rows = []
    for run in runs:
        metrics = run.read_json("metrics.json")
        timing = metrics["timing"]
        for part in ("valid", "test"):
            values = [float(metrics[part][name]) for name in SHOWN if name in metrics[part]]
            if values:
                label = (metrics["data"], metrics["model"], metrics["kg"], part)
                rows.append((*label, *values, f"{timing['train_seconds']:.1f}"))
    names = [name for name in SHOWN if rows and name in metrics["valid"] | metrics["test"]]
    return text_table(("data", "model", "kg", "part", *names, "train s"), rows)


def active_users(run: Run, n_users: int) -> list[str]:
    """The users with the longest past, by id where equal."""
    past = run.read_table("seen.parquet").filter(pl.col("part") == "train")
    counts = past.group_by("user").len().sort(["len", "user"], descending=[True, False])
    return counts["user"].head(n_users).to_list()
