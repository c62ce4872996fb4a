"""Rankings of queries against graded judgements."""

from collections.abc import Mapping, Sequence

import numpy as np
import polars as pl
import torch
from torch import Tensor

from kgrec.data.judgements import Judgements, Topic
from kgrec.evaluation.metrics import mrr, precision, recall

SEARCH_METRICS = ("ndcg", "recall", "mrr", "precision")


def judge(
    rankings: Mapping[Topic, Sequence[str]], judgements: Judgements, ks: Sequence[int] = (10,)
) -> pl.DataFrame:
    """Every metric at every k of every topic that has an answer: ``query``, ``user``, ``metric``, ``k``,
    ``value``.

    ``rankings``: items best first, each once. A topic without a ranking found nothing, and has 0. ndcg counts
    grades, recall, mrr and precision whether a grade is above 0.

    Raises:
        ValueError: a ranking names an item twice, or there is nothing to judge by.
    """
    topics = judgements.topics
    if not topics:
        raise ValueError("no query has an item of a grade above 0: there is nothing to judge by")
    depth = max(ks)
    gains = np.zeros((len(topics), depth))
    best = np.zeros((len(topics), depth))
    n_truth = np.zeros(len(topics), np.int64)
    for row, topic in enumerate(topics):
        grades, ranked = judgements.grades[topic], list(rankings.get(topic, ()))[:depth]
        if len(set(ranked)) < len(ranked):
            raise ValueError(f"the ranking of {topic.query!r} names an item twice")
        gains[row, : len(ranked)] = [grades.get(item, 0.0) for item in ranked]
        ideal = sorted(grades.values(), reverse=True)[:depth]
        best[row, : len(ideal)] = ideal
        n_truth[row] = sum(grade > 0 for grade in grades.values())
    return _table(topics, torch.from_numpy(gains), torch.from_numpy(best), torch.from_numpy(n_truth), ks)


def graded_ndcg(gains: Tensor, ideal: Tensor, k: int) -> Tensor:
    """``sum_p g_p / log2(p + 1)`` over the first k places, over the same sum of the best order of all grades.

    Järvelin and Kekäläinen 2002, https://doi.org/10.1145/582415.582418, with the grade itself as gain, as
    trec_eval has it. ``gains``, ``ideal`` ``(n, depth)``, the latter descending and not all 0 -> ``(n,)``.
    """
    discount = 1.0 / torch.log2(torch.arange(2, k + 2, dtype=torch.float64, device=gains.device))
    return (gains[:, :k] * discount).sum(1) / (ideal[:, :k] * discount).sum(1)


def _table(
    topics: list[Topic], gains: Tensor, best: Tensor, n_truth: Tensor, ks: Sequence[int]
) -> pl.DataFrame:
    hits = gains > 0
    names = pl.DataFrame(
        {"query": [topic.query for topic in topics], "user": [topic.user for topic in topics]},
        schema={"query": pl.String, "user": pl.String},
    )
    frames = []
    for k in ks:
        values = {
            "ndcg": graded_ndcg(gains, best, k),
            "recall": recall(hits, n_truth, k),
            "mrr": mrr(hits, n_truth, k),
            "precision": precision(hits, n_truth, k),
        }
        for name in SEARCH_METRICS:
            column = pl.Series("value", values[name].numpy())
            frames.append(names.with_columns(pl.lit(name).alias("metric"), pl.lit(k).alias("k"), column))
    return pl.concat(frames)


def means(judged: pl.DataFrame) -> dict[str, float]:
    """``ndcg@10`` and so on, over topics."""
    table = judged.group_by("metric", "k").agg(pl.col("value").mean()).sort("metric", "k")
    return {f"{metric}@{k}": float(value) for metric, k, value in table.rows()}


def of_metric(judged: pl.DataFrame, metric: str, k: int) -> pl.DataFrame:
    """One metric as ``paired_test`` reads it: a topic stands where a user stood."""
    unit = pl.concat_str([pl.col("user").fill_null(""), pl.col("query")], separator="\t").alias("user")
    return judged.filter((pl.col("metric") == metric) & (pl.col("k") == k)).select(unit, "value")
