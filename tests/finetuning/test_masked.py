from pathlib import Path

import pytest
import torch
from torch.nn import functional as F

from kgrec.errors import ConfigError, DataError
from kgrec.features.config import EncoderConfig
from kgrec.features.encoder import TransformerEncoder
from kgrec.finetuning.config import AdapterConfig, MaskedConfig, StepsConfig
from kgrec.finetuning.masked import MaskedHead, masked_loss, pretrain

CPU = torch.device("cpu")


def config(base: Path, method: str = "full", epochs: int = 60) -> MaskedConfig:
    return MaskedConfig(
        encoder=EncoderConfig(name=str(base)),
        adapter=AdapterConfig(method=method, embeddings=True),
        steps=StepsConfig(epochs=epochs, batch_size=8, lr=3e-3),
        share=0.3,
    )


@pytest.mark.parametrize(("method", "share"), [("full", 0.7), ("lora", 0.85)])
def test_hidden_words_become_easier_to_guess(
    tiny_e5: Path, texts: dict[str, str], tmp_path: Path, method: str, share: float
) -> None:
    done = pretrain(list(texts.values()), config(tiny_e5, method), tmp_path / "more")
    losses = done.history.losses
    assert len(losses) == 60 * 4
    assert sum(losses[-20:]) < share * sum(losses[:20])
    loaded = TransformerEncoder(done.encoder, CPU)
    assert loaded.prefix("query") == "query: "
    before = TransformerEncoder(EncoderConfig(name=str(tiny_e5)), CPU).encode(["red shoe"])
    assert not torch.allclose(loaded.encode(["red shoe"]), before, atol=1e-3)


def test_the_head_is_not_saved(tiny_e5: Path, texts: dict[str, str], tmp_path: Path) -> None:
    from safetensors import safe_open

    pretrain(list(texts.values()), config(tiny_e5, epochs=1), tmp_path / "more")
    names = []
    for folder in (tiny_e5, tmp_path / "more"):
        with safe_open(folder / "model.safetensors", "pt") as saved:
            names.append(sorted(saved.keys()))
    assert names[0] == names[1]


def test_the_head_scores_by_the_embeddings() -> None:
    torch.manual_seed(0)
    embeddings = torch.nn.Embedding(7, 4)
    head = MaskedHead(embeddings, 4)
    states = torch.randn(3, 4)
    expected = F.layer_norm(F.gelu(states), (4,)) @ embeddings.weight.T
    torch.testing.assert_close(head(states), expected)
    assert len(list(head.parameters())) == 5


class _Fixed:
    """A network whose states are given, and a collator that hides one token."""

    def __init__(self, states: torch.Tensor, labels: torch.Tensor) -> None:
        self.states, self.labels = states, labels

    def __call__(self, *rows: object, **named: object) -> object:
        if named:
            return type("Output", (), {"last_hidden_state": self.states})
        ids = torch.zeros_like(self.labels)
        return {"input_ids": ids, "attention_mask": ids, "labels": self.labels}


def test_only_hidden_tokens_count() -> None:
    torch.manual_seed(0)
    head, states = MaskedHead(torch.nn.Embedding(7, 4), 4), torch.randn(1, 3, 4)
    fixed = _Fixed(states, torch.tensor([[-100, 5, -100]]))
    found = masked_loss(fixed, head, fixed, [[1, 2, 3]], CPU)
    torch.testing.assert_close(found, -head(states)[0, 1].log_softmax(0)[5])
    nothing = _Fixed(states, torch.full((1, 3), -100))
    assert masked_loss(nothing, head, nothing, [[1, 2, 3]], CPU) == 0


def test_no_text_and_no_mask_token_are_refused(tiny_e5: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no text"):
        pretrain(["", " "], config(tiny_e5), tmp_path / "more")
    from transformers import AutoModel, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_e5, mask_token=None)
    tokenizer.mask_token = None
    tokenizer.save_pretrained(tmp_path / "bare")
    AutoModel.from_pretrained(tiny_e5).save_pretrained(tmp_path / "bare")
    with pytest.raises(ConfigError, match="no mask token"):
        pretrain(["red"], config(tmp_path / "bare"), tmp_path / "more")
