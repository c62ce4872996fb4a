"""Read back from a run directory what answers and evaluations need."""

import polars as pl

from kgrec.config import config_from_yaml
from kgrec.data.dataset import Dataset
from kgrec.data.user_items import UserItems
from kgrec.data.vocabulary import Vocabulary
from kgrec.models.base import Scorer
from kgrec.models.factory import is_closed_form, restore
from kgrec.run import Run


def load_scorer(run: Run, device: str = "cpu") -> Scorer:
    """The final model of a run, scoring as it did when it was saved."""
    config = config_from_yaml(run.read_text("config.yaml"))
    # A network is served by its scorer, which most often is its vectors; its parameters are for training.
    # A closed form's vectors are for an index: what else it needs to score is in its own file.
    files = () if is_closed_form(config.model) else ("scorer.safetensors", "vectors.safetensors")
    file = next((name for name in files if run.has(name)), "model.safetensors")
    return restore(config.model.name, run.read_tensors(file, device))


def load_vocabularies(run: Run) -> tuple[Vocabulary, Vocabulary]:
    """Users and items."""
    folder = run.path / "vocabulary"
    return (
        Vocabulary.load(folder / "users.parquet", "user"),
        Vocabulary.load(folder / "items.parquet", "item"),
    )


def load_pairs(run: Run, parts: tuple[str, ...]) -> UserItems:
    """Who had what in these parts of the split, by rows."""
    users, items = load_vocabularies(run)
    frame = run.read_table("seen.parquet").filter(pl.col("part").is_in(parts))
    rows = users.encode(frame["user"]), items.encode(frame["item"])
    return UserItems.from_pairs(*rows, (len(users), len(items)))


def load_dataset(run: Run, parts: tuple[str, ...]) -> Dataset:
    """The data set as the run saw it, its interactions those of these parts of the split."""
    folder = run.path / "vocabulary"
    users, items = load_vocabularies(run)
    labels = run.read_table("vocabulary/labels.parquet")
    entity_labels, relation_labels = (
        dict(labels.filter(pl.col("kind") == kind).select("id", "label").iter_rows())
        for kind in ("entity", "relation")
    )
    seen = run.read_table("seen.parquet").filter(pl.col("part").is_in(parts))
    return Dataset(
        config_from_yaml(run.read_text("config.yaml")).data.name,
        users,
        items,
        Vocabulary.load(folder / "entities.parquet", "entity"),
        Vocabulary.load(folder / "relations.parquet", "relation"),
        seen.select("user", "item"),
        run.read_table("triples.parquet"),
        run.read_table("catalogue.parquet"),
        entity_labels,
        relation_labels,
        run.read_json("split.json")["fingerprint"],
    )
