"""Facts from titles: `python benchmarks/search/extraction.py`.

Brands, types and models of zh-titles, learned on four fifths of the titles and judged on the rest; writes
benchmarks/results/extraction-zh-titles.md.
"""

import logging
import sys
from pathlib import Path
from typing import Annotated

import typer

from kgrec.extraction.titles import compare_extractors, held_out
from kgrec.retrieval.search_dataset import search_dataset
from kgrec.search_data import data_config

ROOT = Path(__file__).resolve().parent.parent.parent


def main(
    data: Annotated[str, typer.Option(help="A catalogue with tagged titles.")] = "zh-titles",
    model: Annotated[Path, typer.Option(help="Where the tagger is kept.")] = Path("runs/search/tagger.crf"),
    output: Annotated[Path, typer.Option(help="Where the report is written.")] = ROOT / "benchmarks/results",
) -> None:
    """Learn, judge, write and print."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s: %(message)s")
    dataset = search_dataset(data_config(data, ROOT / "conf").data)
    model.parent.mkdir(parents=True, exist_ok=True)
    scores = compare_extractors(dataset.catalogue, dataset.triples, model)
    held = sum(held_out(item) for item in dataset.items.ids)
    lines = [
        f"{data}: {held:,} of {len(dataset.items):,} titles held out by a hash of their id; a fact is right "
        "if item, relation and tail are. The dictionary knows the names of the other titles; the tagger is a "
        "conditional random field.",
        "",
        "| | relation | precision | recall | F1 | right | found | true |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in scores.iter_rows(named=True):
        rates = " | ".join(f"{row[name]:.3f}" for name in ("precision", "recall", "f1"))
        counts = " | ".join(f"{row[name]:,}" for name in ("right", "predicted", "true"))
        lines.append(f"| {row['extractor']} | {row['relation']} | {rates} | {counts} |")
    text = "\n".join(lines)
    output.mkdir(parents=True, exist_ok=True)
    (output / f"extraction-{data}.md").write_text(text + "\n", encoding="utf-8")
    print(text)


if __name__ == "__main__":
    typer.run(main)
