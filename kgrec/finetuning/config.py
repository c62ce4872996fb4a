"""Typed configuration of fine-tuning and of continued pre-training."""

from dataclasses import dataclass, field

from kgrec.errors import ConfigError
from kgrec.features.config import EncoderConfig

METHODS = ("full", "lora", "adalora")


@dataclass
class StepsConfig:
    """How an encoder's weights move; both kinds of training share it."""

    epochs: int = 1
    """At most this many passes over the pairs or the texts."""
    batch_size: int = 64
    """Pairs or texts a step; each pair's item is a negative of the others."""
    lr: float = 5e-4
    """AdamW's learning rate at its height; adapters bear about ten times as much as a whole encoder."""
    weight_decay: float = 0.01
    """AdamW's decoupled decay."""
    schedule: str = "linear"
    """constant, linear or cosine, to zero over all steps."""
    warmup: float = 0.1
    """Share of the steps over which the rate rises linearly from zero."""
    clip_norm: float = 1.0
    """Largest gradient norm; 0 = no clipping."""
    max_seconds: float = 0.0
    """Stop after this many seconds; the schedule then runs over what fits. 0 = no limit."""
    precision: str = "float32"
    """float32, or bfloat16: products in half precision, weights and sums in single. With avx512_bf16 a step
    of full training of MiniLM took .58 of its processor time; without such instructions, measure first."""
    seed: int = 0
    """Seed of batches, dropout, masks and an adapter's first weights."""


@dataclass
class AdapterConfig:
    """Which weights are trained."""

    method: str = "lora"
    """full (every weight), lora (Hu et al. 2021) or adalora (Zhang et al. 2023)."""
    embeddings: bool = False
    """full: whether the token embeddings move too; most of a multilingual encoder is that table."""
    rank: int = 8
    """Rank of each update; for adalora the mean rank that is left in the end."""
    alpha: float = 16.0
    """The update is scaled by alpha / rank."""
    dropout: float = 0.0
    """Dropout before the update."""
    targets: list[str] = field(default_factory=list)
    """Names of the linear layers that get an update; empty = all of them."""
    last_layers: int = 0
    """Only this many of the last transformer layers are trained, which spares the way back through the
    others; 0 = all."""


@dataclass
class FinetuneConfig:
    """Contrastive training on pairs of query and item."""

    encoder: EncoderConfig = field(default_factory=lambda: EncoderConfig(max_tokens=32))
    """Where training starts, how it pools, and how many tokens it reads of a text."""
    adapter: AdapterConfig = field(default_factory=AdapterConfig)
    steps: StepsConfig = field(default_factory=StepsConfig)
    temperature: float = 0.05
    """Divides the cosines."""
    hard_negatives: int = 0
    """Negatives a pair that the encoder itself finds near the query, besides those of the batch."""
    hard_pool: int = 50
    """They are drawn from this many nearest items that are no positives."""
    hard_margin: float = 0.95
    """Items scoring above this share of the query's worst positive stay out: they are likely positives."""


@dataclass
class MaskedConfig:
    """Continued pre-training on texts by masked language modelling."""

    encoder: EncoderConfig = field(default_factory=lambda: EncoderConfig(max_tokens=64))
    adapter: AdapterConfig = field(default_factory=lambda: AdapterConfig(method="full"))
    steps: StepsConfig = field(default_factory=lambda: StepsConfig(batch_size=32, lr=5e-5))
    share: float = 0.15
    """Share of tokens that are hidden."""


def check_steps(steps: StepsConfig, adapter: AdapterConfig) -> None:
    """Refuse values that mean nothing.

    Raises:
        ConfigError: names the key.
    """
    if adapter.method not in METHODS:
        raise ConfigError(f"adapter.method is {adapter.method!r}; use one of {', '.join(METHODS)}")
    if steps.schedule not in ("constant", "linear", "cosine"):
        raise ConfigError(f"steps.schedule is {steps.schedule!r}; use constant, linear or cosine")
    for name, value in (("epochs", steps.epochs), ("batch_size", steps.batch_size), ("lr", steps.lr)):
        if value <= 0:
            raise ConfigError(f"steps.{name} is {value}; it has to be above 0")
    if steps.precision not in ("float32", "bfloat16"):
        raise ConfigError(f"steps.precision is {steps.precision!r}; use float32 or bfloat16")
    if adapter.rank < 1:
        raise ConfigError(f"adapter.rank is {adapter.rank}; it has to be 1 at least")
