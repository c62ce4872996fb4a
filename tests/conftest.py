"""Shared fixtures: a small planted shop as plain tables, and runs trained on it once a session."""

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import polars as pl
import pytest
import torch
from hydra import compose, initialize_config_dir

from kgrec.config import Config, register_schemas, typed_config
from kgrec.data.config import DataConfig
from kgrec.data.dataset import Dataset, build_dataset
from kgrec.data.tables import Tables
from kgrec.experiment import run_experiment
from kgrec.graph.triples import KnowledgeTriples
from kgrec.online.config import OnlineConfig
from kgrec.online.event_log import EventLog
from kgrec.online.live_model import LiveModel
from kgrec.retrieval.search_dataset import search_dataset
from kgrec.run import Run
from kgrec.run_names import register_resolvers

ROOT = Path(__file__).resolve().parent.parent
os.environ["WANDB_MODE"] = "offline"
os.environ["HF_HUB_OFFLINE"] = "1"

N_USERS, N_ITEMS, N_GROUPS = 40, 30, 3

COLOURS = ["red", "blue", "green", "black", "white", "pink", "brown", "grey"]
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "query", "passage", ":", *COLOURS]
WORDS += ["shoe", "sock", "pan", "lid", *(f"q{colour}" for colour in COLOURS)]
"""What the tiny encoder can read."""


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache folder for the whole session; nothing lands in the user's own."""
    folder = tmp_path_factory.mktemp("cache")
    os.environ["KGREC_CACHE"] = str(folder)
    return folder


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A planted shop: three tastes; a user's items are mostly of one taste, and brands follow tastes."""
    folder = tmp_path_factory.mktemp("shop")
    rng = np.random.default_rng(7)
    pairs = set()
    for user in range(N_USERS):
        for _ in range(12):
            group = user % N_GROUPS if rng.random() < 0.9 else int(rng.integers(N_GROUPS))
            pairs.add((f"u{user:02d}", f"i{int(rng.integers(N_ITEMS // N_GROUPS)) * N_GROUPS + group:02d}"))
    users, items = zip(*sorted(pairs), strict=True)
    pl.DataFrame({"user": users, "item": items}).write_csv(folder / "interactions.csv")
    ids = [f"i{item:02d}" for item in range(N_ITEMS)]
    brands = [f"brand{item % N_GROUPS}" for item in range(N_ITEMS)]
    facts = pl.DataFrame({"head": ids, "relation": ["brand"] * N_ITEMS, "tail": brands})
    facts.write_csv(folder / "triples.csv")
    words = ["running shoe", "wool blanket", "frying pan"]
    titles = [f"{words[item % N_GROUPS]} {item}" for item in range(N_ITEMS)]
    pl.DataFrame({"item": ids, "title": titles}).write_csv(folder / "items.csv")
    return folder


@pytest.fixture(scope="session")
def shop_overrides(shop: Path) -> list[str]:
    """Hydra overrides that make a fast job on the planted shop."""
    return [
        "data=tables",
        "data.name=shop",
        f"data.folder={shop}",
        "data.files.interactions=interactions.csv",
        "data.files.triples=triples.csv",
        "data.files.catalogue=items.csv",
        "features.kge.dim=8",
        "features.kge.epochs=2",
        "training.epochs=3",
        "training.batch_size=128",
        "tracking=disabled",
        "threads=1",
    ]


@pytest.fixture(scope="session")
def composed(shop_overrides: list[str]) -> Callable[..., Config]:
    """Compose a typed job on the planted shop from further overrides."""

    def compose_config(*overrides: str) -> Config:
        register_schemas()
        register_resolvers()
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            return typed_config(compose("config", overrides=[*shop_overrides, *overrides]))

    return compose_config


@pytest.fixture(scope="session")
def trained(
    composed: Callable[..., Config], cache: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Run]:
    """A run of each model, trained at most once a session."""
    runs: dict[str, Run] = {}

    def train(model: str) -> Run:
        if model not in runs:
            folder = tmp_path_factory.mktemp("runs") / "runs" / "shop" / model / "1"
            overrides = [f"model={model}"] + (
                ["model.dim=16"] if model in ("bpr", "lightgcn", "kgrec") else []
            )
            runs[model] = run_experiment(composed(*overrides), folder)
        return runs[model]

    return train


@pytest.fixture(scope="session")
def facts() -> KnowledgeTriples:
    """15 items, 4 entities (the last without an item): item i has entity i mod 3, item 14 is like item 0."""
    heads = torch.tensor([*range(15), 14, 15])
    relations = torch.tensor([0] * 15 + [1, 1])
    tails = torch.tensor([*(15 + item % 3 for item in range(15)), 0, 18])
    return KnowledgeTriples.from_rows(heads, relations, tails, (2, 19))


@pytest.fixture(scope="session")
def bilingual() -> Dataset:
    """Seven goods in two languages to search, with a small graph; the tests count on every word of it."""
    items = [
        ("i0", "Nike running shoes Air 90", "Light shoes for running", "$59.90", "sale"),
        ("i1", "耐克运动鞋男款", "轻便的鞋", "¥1,299", "new"),
        ("i2", "Sony XBR-55HX929 LED television 1080p", None, "1999", "new"),
        ("i3", "纯棉四件套 红色", "床上用品", None, "new"),
        ("i4", "Apple iPhone 6 case", "A case", "9.5", None),
        ("i5", "Fresh apple juice", "Juice of apples", "2", "sale"),
        ("i6", "红酒", "A red wine", "20", "new"),
    ]
    facts = [
        *[("i0", "brand", "b:nike"), ("i1", "brand", "b:nike"), ("i2", "brand", "b:sony")],
        *[("i0", "category", "c:shoes"), ("i1", "category", "c:shoes"), ("i3", "category", "c:bedding")],
        *[("c:shoes", "part_of", "c:clothing"), ("c:bedding", "part_of", "c:home")],
        *[("i4", "brand", "b:apple"), ("i4", "model", "iphone6"), ("i4", "also_buy", "i2")],
        *[("i5", "fruit", "f:apple"), ("i3", "colour", "l:red"), ("i6", "colour", "l:red")],
        *[("i1", "maker", "b:muji"), ("b:muji", "sells", "i6"), ("i6", "code", "4711")],
    ]
    labels = {
        "b:nike": "NIKE",
        "b:sony": "Sony",
        "b:apple": "Apple",
        "f:apple": "apple",
        "b:muji": "MUJI制造商",
    }
    labels |= {"c:shoes": "Running Shoes", "c:clothing": "Clothing", "c:bedding": "床品件套"}
    labels |= {"c:home": "居家", "l:red": "红"}
    tables = Tables(
        pl.DataFrame({"user": ["u"], "item": ["i0"]}),
        pl.DataFrame(facts, schema=["head", "relation", "tail"], orient="row"),
        pl.DataFrame(items, schema=["item", "title", "description", "price", "state"], orient="row"),
        pl.DataFrame(list(labels.items()), schema=["entity", "label"], orient="row"),
    )
    config = DataConfig(name="goods", catalogue_items=True, behaviour_relations=["also_buy"])
    return build_dataset(tables, config)


@pytest.fixture(scope="session")
def real_catalogue() -> Callable[[str], tuple[Dataset, str]]:
    """A real catalogue under ``$KGREC_DATA`` and the template of its texts."""

    def load(name: str) -> tuple[Dataset, str]:
        if not os.environ.get("KGREC_DATA"):
            pytest.skip(f"needs the files of {name}: set KGREC_DATA")
        register_schemas()
        register_resolvers()
        with initialize_config_dir(str(ROOT / "conf"), version_base="1.3"):
            data = typed_config(compose("config", overrides=[f"data={name}"])).data
        return search_dataset(data), data.template

    return load


@pytest.fixture(scope="session")
def tiny_e5(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A BERT of two layers with random weights whose name says that it wants the prefixes of e5."""
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


@pytest.fixture
def open_live(trained: Callable[[str], Run], tmp_path: Path) -> Iterator[Callable[..., LiveModel]]:
    """Opens a live model on a copy of a trained run, for a test that may change it; closed at the end."""
    opened: list[LiveModel] = []

    def open_one(model: str = "ease", config: OnlineConfig | None = None) -> LiveModel:
        run = tmp_path / model
        if not run.exists():
            shutil.copytree(trained(model).path, run)
        live = LiveModel.open(run, EventLog(f"sqlite:///{tmp_path / 'events.db'}"), config)
        opened.append(live)
        return live

    yield open_one
    for live in opened:
        live.close()
