"""Teach a text encoder what people mean: `python scripts/finetune.py --data zh-shop --output my-encoder`.

The result is a folder that `data.encoder=my-encoder` names in training and search.
"""

import logging
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import polars as pl
import typer

from kgrec.cli import refuse_politely
from kgrec.data.dataset import Dataset
from kgrec.data.judgements import Judgements
from kgrec.errors import ConfigError
from kgrec.finetuning.config import METHODS, AdapterConfig, FinetuneConfig, StepsConfig
from kgrec.finetuning.contrastive import finetune
from kgrec.finetuning.pairs import few_shot, from_facts, from_judgements, from_titles
from kgrec.retrieval.documents import documents
from kgrec.retrieval.search_dataset import search_dataset
from kgrec.search_data import data_config

CONF = Path(__file__).resolve().parent.parent / "conf"


@refuse_politely
def main(
    data: Annotated[str, typer.Option(help="A file of conf/data: its catalogue and its encoder.")],
    output: Annotated[Path, typer.Option(help="The folder to write.")],
    judgements: Annotated[
        Path | None, typer.Option(help="A table query, item, grade; without one the catalogue makes queries.")
    ] = None,
    queries: Annotated[int, typer.Option(min=0, help="Learn from so many queries by chance; 0 = all.")] = 0,
    hide: Annotated[
        list[str] | None, typer.Option(help="A relation or column whose names make no query and no text.")
    ] = None,
    method: Annotated[str, typer.Option(help=f"One of {', '.join(METHODS)}.")] = "lora",
    epochs: Annotated[int, typer.Option(min=1, help="Passes over the pairs.")] = 3,
    seconds: Annotated[float, typer.Option(min=0, help="Stop after so many; 0 = no limit.")] = 0.0,
    hard_negatives: Annotated[int, typer.Option(min=0, help="Near items that are no answers, a pair.")] = 0,
    precision: Annotated[str, typer.Option(help="float32 or bfloat16.")] = "float32",
    max_tokens: Annotated[int, typer.Option(min=1, help="Tokens of a text that are read.")] = 32,
) -> None:
    """Fine-tune the data set's encoder on pairs of query and item."""
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s: %(message)s")
    if output.exists():
        raise ConfigError(f"{output} is there already; choose another --output, or remove it")
    config = data_config(data, CONF)
    dataset = search_dataset(config.data)
    hidden = hide or []
    texts = documents(dataset, config.data.template, hidden).texts
    pairs = pairs_of(dataset, judgements, hidden)
    if queries:
        pairs = few_shot(pairs, queries)
    wanted = FinetuneConfig(
        replace(config.features.text.encoders[0], max_tokens=max_tokens),
        AdapterConfig(method),
        StepsConfig(epochs=epochs, max_seconds=seconds, precision=precision),
        hard_negatives=hard_negatives,
    )
    tuned = finetune(pairs, dict(zip(dataset.items.ids, texts, strict=True)), wanted, output)
    losses = tuned.history.losses
    print(f"{output}: {pairs.height} pairs, {len(losses)} steps, loss {losses[0]:.3f} to {losses[-1]:.3f}")


def pairs_of(dataset: Dataset, judgements: Path | None, hidden: list[str]) -> pl.DataFrame:
    """Judged pairs, or what the catalogue gives: names of facts, and words of titles."""
    if judgements is not None:
        rows = [
            (topic.query, item, grade)
            for topic, items in Judgements.read(judgements).grades.items()
            for item, grade in items.items()
            if grade > 0
        ]
        schema = {"query": pl.String, "item": pl.String, "grade": pl.Float64}
        return from_judgements(pl.DataFrame(rows, schema=schema, orient="row"), min_grade=0.0)
    titles = {item: title for item, title in dataset.catalogue.select("item", "title").rows() if title}
    facts = from_facts(dataset.triples, dataset.entity_labels, hidden)
    return pl.concat([facts, from_titles(titles)])


if __name__ == "__main__":
    typer.run(main)
