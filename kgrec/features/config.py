"""Typed configuration of the first layer: text, knowledge-graph embeddings, and how they are fused."""

from dataclasses import dataclass, field


@dataclass
class EncoderConfig:
    """One text encoder: any encoder or decoder that ``transformers`` loads."""

    name: str = "minilm"
    """minilm (weights inside a Python package), a folder, a name under ``$KGREC_MODELS``, or a hub id."""
    pooling: str = "auto"
    """mean, cls (first token), last (last token) or auto: as the model's own files say, else last for a model
    that only looks back and mean for any other."""
    normalize: bool = True
    """Scale every vector to unit length."""
    query_prefix: str | None = None
    """Put before a search query; null = by name (``query: `` for e5, nothing for others)."""
    passage_prefix: str | None = None
    """Put before a title or a description; null = by name (``passage: `` for e5, nothing for others)."""
    max_tokens: int = 128
    """Longer texts are cut; the model's own limit holds as well."""
    batch_tokens: int = 4096
    """Tokens a forward pass, padding included; the vectors do not depend on it."""
    dtype: str = "float32"
    """float32, float16 or bfloat16: what the encoder computes in."""


@dataclass
class TextConfig:
    """Text embeddings of items, entities and users."""

    enabled: bool = True
    """Off = no encoder is loaded and no node has text."""
    template: str = "{title}"
    """Text of an item from its catalogue columns; what a row lacks vanishes with its brackets and commas.
    The data configuration sets it."""
    entities: bool = True
    """Whether entities with a readable label have text as well."""
    encoders: list[EncoderConfig] = field(default_factory=lambda: [EncoderConfig()])
    """The vectors of several encoders are concatenated."""


@dataclass
class KGEConfig:
    """Knowledge-graph embeddings, trained by PyKEEN on all triples that the model may see."""

    enabled: bool = True
    """Off = PyKEEN is not even imported."""
    model: str = "TransE"
    """TransE, DistMult, ComplEx, RotatE, or any PyKEEN model with one embedding an entity."""
    dim: int = 64
    """PyKEEN's ``embedding_dim``; complex models give vectors of twice as many real numbers."""
    epochs: int = 25
    """Passes over the triples."""
    batch_size: int = 4096
    """Triples a step."""
    lr: float = 0.01
    """Adam's learning rate."""
    negatives: int = 1
    """Corrupted triples for each known one."""
    loss: str | None = None
    """PyKEEN's name of a loss (nssa, softplus, marginranking, ...). null = the model's own, but for TransE
    nssa (RotatE's self-adversarial loss): filtered MRR .120 instead of .049 on 500 held-out facts of ml-100k,
    one seed. Models whose scores are no distances (DistMult, ComplEx) learn nothing from nssa."""
    evaluate: bool = False
    """Also train on nine tenths of the triples and report filtered link prediction on the rest."""
    evaluate_sample: int = 500
    """Held-out triples that are ranked; 0 = all of them."""


@dataclass
class FusionConfig:
    """Which sources the first layer is made of, and how."""

    text: bool = True
    """Use text embeddings where there are some."""
    kge: bool = True
    """Use knowledge-graph embeddings where there are some."""
    free: bool = True
    """One vector a node that is trained without constraint."""
    init_std: float = 0.1
    """Standard deviation of the first vectors."""


@dataclass
class FeaturesConfig:
    """All of the first layer."""

    text: TextConfig = field(default_factory=TextConfig)
    kge: KGEConfig = field(default_factory=KGEConfig)
    fusion: FusionConfig = field(default_factory=FusionConfig)
    mode: str = "init"
    """init: the free vectors start at the features' principal components. frozen: the features stay what they
    are, and learned linear maps of them are added to the free vectors."""
