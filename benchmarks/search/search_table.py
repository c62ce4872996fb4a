"""A comparison of search systems as Markdown and CSV."""

from collections.abc import Mapping
from pathlib import Path

import polars as pl

from kgrec.evaluation.graded import means, of_metric
from kgrec.evaluation.significance import bootstrap_interval, holm, paired_test

COLUMNS = ("ndcg@10", "recall@10", "recall@100", "mrr@10", "precision@5")


def table(judged: Mapping[str, pl.DataFrame], metric: tuple[str, int], best: str) -> str:
    """One row a system; ``best`` is tested in pairs against every other, Holm over those tests."""
    name = f"{metric[0]}@{metric[1]}"
    others = [label for label in judged if label != best]
    tests = {
        label: paired_test(of_metric(judged[best], *metric), of_metric(judged[label], *metric))
        for label in others
    }
    corrected = dict(zip(others, holm([tests[label].p for label in others]), strict=True))
    columns = list(dict.fromkeys([name, *COLUMNS]))
    lines = [
        f"| | {' | '.join(columns)} | 95% of {name} | {best} minus it | Holm p |",
        "|---" * (len(columns) + 4) + "|",
    ]
    for label, frame in judged.items():
        values = means(frame)
        low, high = bootstrap_interval(of_metric(frame, *metric)["value"].to_numpy(), 2_000, 0)
        cells = [f"{values[column]:.4f}" for column in columns] + [f"[{low:.4f}, {high:.4f}]"]
        if label in tests:
            test = tests[label]
            cells += [
                f"{test.difference:+.4f} [{test.low:+.4f}, {test.high:+.4f}]",
                f"{corrected[label]:.4f}",
            ]
        else:
            cells += ["", ""]
        lines.append(f"| {label} | {' | '.join(cells)} |")
    return "\n".join(lines)


def write(path: Path, text: str, judged: Mapping[str, pl.DataFrame]) -> None:
    """Markdown, and the means as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".md").write_text(text + "\n", encoding="utf-8")
    rows = [{"system": label} | means(frame) for label, frame in judged.items()]
    pl.DataFrame(rows).write_csv(path.with_suffix(".csv"))
