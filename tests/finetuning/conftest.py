"""A tiny encoder with random weights, made on the spot, and pairs that it can learn."""

from pathlib import Path

import polars as pl
import pytest
import torch

COLOURS = ["red", "blue", "green", "black", "white", "pink", "brown", "grey"]
THINGS = ["shoe", "sock", "pan", "lid"]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "query", "passage", ":", *COLOURS, *THINGS]
WORDS += [f"q{colour}" for colour in COLOURS]


@pytest.fixture(scope="session")
def tiny_e5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers whose name says that it wants the prefixes of e5."""
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)]
    )
    folder = tmp_path_factory.mktemp("models") / "tiny-e5"
    special = {f"{name}_token": f"[{name.upper()}]" for name in ("pad", "unk", "cls", "sep", "mask")}
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, model_max_length=24, **special).save_pretrained(
        folder
    )
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(WORDS),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=24,
    )
    BertModel(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def texts() -> dict[str, str]:
    return {f"{colour}-{thing}": f"{colour} {thing}" for colour in COLOURS for thing in THINGS}


@pytest.fixture(scope="session")
def pairs() -> pl.DataFrame:
    """The query of a colour, a word that no item has, asks for all things of that colour."""
    rows = [(f"q{colour}", f"{colour}-{thing}", 1.0) for colour in COLOURS for thing in THINGS]
    return pl.DataFrame(rows, schema=["query", "item", "weight"], orient="row")
