"""Write what a run directory holds: data without the raw files, the model, its rankings, per-user values."""

import numpy as np
import polars as pl
from torch import Tensor

from kgrec.data.vocabulary import Vocabulary
from kgrec.evaluation.config import EvaluationConfig
from kgrec.evaluation.evaluator import Evaluation
from kgrec.evaluation.ranking import rank
from kgrec.fitted import Fitted
from kgrec.models.base import Scorer, VectorScorer
from kgrec.prepare import Prepared, external_pairs
from kgrec.run import Run

VOCABULARIES = ("users", "items", "entities", "relations")


def write_data(run: Run, prepared: Prepared) -> None:
    """Vocabularies, labels, catalogue, triples, who had what, and the split's hashes."""
    dataset = prepared.dataset
    for name in VOCABULARIES if len(dataset.queries) == 0 else (*VOCABULARIES, "queries"):
        getattr(dataset, name).save(run.path / "vocabulary" / f"{name}.parquet")
    labels = [("entity", *pair) for pair in dataset.entity_labels.items()]
    labels += [("relation", *pair) for pair in dataset.relation_labels.items()]
    schema = {"kind": pl.String, "id": pl.String, "label": pl.String}
    run.write_table("vocabulary/labels.parquet", pl.DataFrame(labels, schema=schema, orient="row"))
    run.write_table("catalogue.parquet", dataset.catalogue)
    run.write_table("triples.parquet", dataset.triples)
    run.write_table("seen.parquet", _seen(prepared))
    described = prepared.split.describe()
    run.write_json("split.json", described | {"fingerprint": dataset.fingerprint})
    run.write_json("statistics.json", dataset.statistics())


def write_model(run: Run, fitted: Fitted) -> None:
    """The model's tensors, what a network is served by, and a line an epoch of its training."""
    run.write_tensors("model.safetensors", fitted.tensors)
    tables = vector_tables(fitted.final) if isinstance(fitted.final, VectorScorer) else {}
    if tables:
        run.write_tensors("vectors.safetensors", tables)
    if fitted.is_network and fitted.final.tensors().keys() != tables.keys():
        run.write_tensors("scorer.safetensors", fitted.final.tensors())
    run.write_lines("history.jsonl", fitted.training.history)


def vector_tables(scorer: VectorScorer) -> dict[str, Tensor]:
    """The two tables of ``vectors.safetensors``."""
    return {"user_vectors": scorer.user_vectors, "item_vectors": scorer.item_vectors}


def write_top_k(run: Run, prepared: Prepared, scorer: Scorer, config: EvaluationConfig) -> None:
    """The best ``evaluation.top_k`` items of every user, without those of train and valid."""
    users = np.arange(len(prepared.dataset.users))
    depth = min(config.top_k, len(prepared.dataset.items))
    known = prepared.known_before("test")
    ranking = rank(scorer, users, known, depth, config.batch_size, config.tie_seed)
    items, scores = ranking.items.cpu().numpy(), ranking.scores.cpu().numpy()
    kept = items >= 0
    row, place = np.nonzero(kept)
    user_ids = np.array(prepared.dataset.users.ids, dtype=object)
    item_ids = np.array(prepared.dataset.items.ids, dtype=object)
    frame = pl.DataFrame(
        {
            "user": user_ids[row].tolist(),
            "rank": (place + 1).astype(np.int32),
            "item": item_ids[items[kept]].tolist(),
            "score": scores[kept].astype(np.float32),
        }
    )
    run.write_table("top_k.parquet", frame)


def write_per_user(run: Run, users: Vocabulary, evaluation: Evaluation) -> None:
    """Every user's value of every metric, by external id."""
    ids = pl.Series("user", users.ids, dtype=pl.String)
    rows = evaluation.per_user["user"]
    run.write_table("per_user.parquet", evaluation.per_user.with_columns(ids.gather(rows).alias("user")))


def _seen(prepared: Prepared) -> pl.DataFrame:
    frames = []
    for part in ("train", "valid", "test"):
        users, items = external_pairs(prepared.dataset, getattr(prepared.split, part))
        schema = {"user": pl.String, "item": pl.String}
        frames.append(
            pl.DataFrame({"user": users, "item": items}, schema=schema).with_columns(part=pl.lit(part))
        )
    return pl.concat(frames)
