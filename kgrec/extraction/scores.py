"""How good extracted facts are: precision, recall and F1 by relation."""

import polars as pl

FACT = ["head", "relation", "tail"]
ALL = "all"
"""The row over all relations together."""


def score(predicted: pl.DataFrame, truth: pl.DataFrame) -> pl.DataFrame:
    """relation, precision, recall, f1, right, predicted, true: of distinct (head, relation, tail).

    A fact is right if all of it is: a type found as a brand is one error of each. Precision is 0 where
    nothing was predicted, recall where nothing is true. The last row, ``all``, counts all relations as one.
    """
    found, known = predicted.select(FACT).unique(), truth.select(FACT).unique()
    right = found.join(known, on=FACT, how="inner")
    names = sorted(set(found["relation"]) | set(known["relation"]))
    rows = [
        _row(name, *(int((frame["relation"] == name).sum()) for frame in (right, found, known)))
        for name in names
    ]
    rows.append(_row(ALL, right.height, found.height, known.height))
    return pl.DataFrame(rows)


def _row(name: str, right: int, predicted: int, true: int) -> dict[str, str | float | int]:
    precision = right / predicted if predicted else 0.0
    recall = right / true if true else 0.0
    f1 = 2 * right / (predicted + true) if predicted + true else 0.0
    return {
        "relation": name,
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "right": right,
        "predicted": predicted,
        "true": true,
    }
