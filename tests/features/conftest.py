"""A small shop with text and knowledge, and a tiny decoder made on the spot."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch

from kgrec.data.config import DataConfig
from kgrec.data.dataset import Dataset, build_dataset
from kgrec.data.splits import Part
from kgrec.data.tables import Tables

FACTS = [
    ("i1", "brand", "Acme"),
    ("i2", "brand", "Acme"),
    ("i3", "brand", "m.0bln8"),
    ("Acme", "based_in", "Oslo"),
    ("m.0bln8", "based_in", "Oslo"),
    ("i1", "goes_with", "i2"),
]


@pytest.fixture
def make_shop() -> Callable[..., Dataset]:
    """A shop of three users, four items and three entities; ``titles`` and ``facts`` can be replaced."""

    def make(titles: Sequence[str | None] = ("shoe", "sock", "pan", None), facts: list = FACTS) -> Dataset:
        pairs = [("u1", "i1"), ("u1", "i2"), ("u2", "i3"), ("u3", "i4")]
        interactions = pl.DataFrame(pairs, schema=["user", "item"], orient="row")
        schema = dict.fromkeys(["head", "relation", "tail"], pl.String)
        triples = pl.DataFrame(facts, schema=schema, orient="row")
        items = ["i1", "i2", "i3", "i4"]
        catalogue = pl.DataFrame(
            {"item": items, "title": titles}, schema={"item": pl.String, "title": pl.String}
        )
        return build_dataset(Tables(interactions, triples, catalogue), DataConfig(name="shop"))

    return make


@pytest.fixture
def shop(make_shop: Callable[..., Dataset]) -> Dataset:
    return make_shop()


@pytest.fixture
def train(shop: Dataset) -> Part:
    users, items = shop.interaction_rows()
    return Part(users, items, None)


@pytest.fixture
def random_graph() -> Dataset:
    """Sixty entities in a ring and along random chords, with two items that nobody knows anything of."""
    rng = np.random.default_rng(0)
    facts = [(f"e{a:02d}", "next", f"e{(a + 1) % 60:02d}") for a in range(60)]
    facts += [(f"e{a:02d}", f"r{rng.integers(3)}", f"e{b:02d}") for a, b in rng.integers(60, size=(200, 2))]
    interactions = pl.DataFrame({"user": ["u", "u"], "item": ["a", "b"]})
    triples = pl.DataFrame(facts, schema=["head", "relation", "tail"], orient="row")
    return build_dataset(Tables(interactions, triples, None), DataConfig(name="ring"))


@pytest.fixture(scope="session")
def tiny_decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A GPT-2 of two layers with random weights, its words as tokens, and no padding token."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GPT2Config, GPT2Model, PreTrainedTokenizerFast

    words = ["<eos>", "<unk>", "red", "blue", "shoe", "sock", "pan", "lid", "a", "the"]
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    folder = tmp_path_factory.mktemp("models") / "tiny-decoder"
    wrapped = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<eos>", unk_token="<unk>")
    wrapped.save_pretrained(folder)
    torch.manual_seed(0)
    config = GPT2Config(vocab_size=len(words), n_positions=16, n_embd=32, n_layer=2, n_head=2)
    GPT2Model(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def models_folder() -> Path:
    """The folder of local models; a test that needs it is skipped where the environment names none."""
    if models := os.environ.get("KGREC_MODELS"):
        return Path(models)
    if data := os.environ.get("KGREC_DATA"):
        return Path(data).absolute().parent / "models"
    pytest.skip("needs local models: set KGREC_MODELS or KGREC_DATA")
