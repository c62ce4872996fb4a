"""Typed configuration of the trainer and of the objective."""

from dataclasses import dataclass, field


@dataclass
class TrainingConfig:
    """How a gradient model is trained; closed forms ignore it."""

    epochs: int = 60
    """At most this many passes over the train interactions."""
    batch_size: int = 4096
    """Interactions a step."""
    batch_by: str = "interaction"
    """How they are drawn: interaction (each by chance) or user (people by chance, all of one together)."""
    lr: float = 0.01
    """Adam's learning rate at its height."""
    optimizer: str = "adamw"
    """adamw (weight decay apart from the gradient) or adam (weight decay added to it, scaled like it)."""
    weight_decay: float = 0.0
    """The optimiser's decay of all parameters; the objective's L2 is another key."""
    schedule: str = "constant"
    """constant, cosine (to zero over ``epochs``) or linear (to zero over ``epochs``)."""
    warmup_epochs: float = 0.0
    """Epochs over which the learning rate rises linearly from zero."""
    clip_norm: float = 0.0
    """Largest gradient norm; 0 = no clipping."""
    patience: int = 5
    """Evaluations without a better ``monitor`` before training stops; 0 = never."""
    evaluate_every: int = 1
    """Epochs between two evaluations on valid."""
    monitor: str = "ndcg@10"
    """Valid metric that chooses the epoch."""
    max_seconds: float = 0.0
    """Stop after this many seconds of training; 0 = no limit."""
    refit: bool = False
    """Retrain on train and valid together for the chosen number of epochs before the test."""
    checkpoint: bool = True
    """Write a checkpoint every epoch, so that a killed run can be resumed."""
    resume: str | None = None
    """A run directory (or ``latest``) to go on with; its own configuration is used."""


@dataclass
class PreferenceConfig:
    """Which items a person prefers: positives against the rest."""

    loss: str = "softmax"
    """softmax (over all items), sampled_softmax, shared_softmax (one sample a batch), bpr, bce, squared
    (weighted, all pairs), none, or own: the model brings its own."""
    weight: float = 1.0
    """Weight of the term in the sum."""
    temperature: float = 0.2
    """Divides the scores inside a softmax."""
    negatives: int = 1
    """Negatives an interaction for bpr, bce and sampled_softmax; a batch for shared_softmax."""
    in_batch: bool = False
    """sampled_softmax: negatives are the batch's other items, with logQ correction."""
    cold_negatives: bool = True
    """Whether items without a train interaction are negatives, too. False: nothing pushes them away from
    everyone, so that what is known of them by text or knowledge decides where they rank."""
    mask_known: bool = False
    """softmax: leave a person's other train items out of the denominator."""
    unobserved_weight: float = 0.1
    """squared: w0, the weight of a pair that was never seen (its target is 0)."""


@dataclass
class KnowledgeConfig:
    """Pairwise knowledge-graph terms: known facts above corrupted ones."""

    triple: float = 0.0
    """Weight of softplus(s(h, r, t') - s(h, r, t))."""
    scorer: str = "distmult"
    """s of a triple: distmult or transe."""
    triple_batch: int = 4096
    """Triples a step."""
    anchored: float = 0.0
    """Weight of softplus(x . y_neg - x . y_pos), x a user's vector, y_pos an item on a path from it."""


@dataclass
class TextTermConfig:
    """A person's text (mean of the past items' texts) against item vectors, in-batch softmax."""

    weight: float = 0.0
    """Weight of the term; 0 = off."""
    temperature: float = 0.1
    """Divides the cosines."""


@dataclass
class SearchTermsConfig:
    """What people typed, where the data has queries that are nodes of the graph; off without them."""

    preference: float = 0.0
    """Weight of -log softmax over all items of cos(z_u + z_q, y_i): the person and the query together."""
    temperature: float = 0.2
    """Divides those cosines."""
    anchored: float = 0.0
    """Weight of softplus(x . y_neg - x . y_pos), x a query's vector, y_pos an item that shares a fact with
    one that answered it."""
    text: float = 0.0
    """Weight of the query's projected text near the item, in-batch softmax at ``text.temperature``."""


@dataclass
class L2Config:
    """lambda (|z_u|^2 + |y_i|^2) over the batch's rows / batch size."""

    weight: float = 1e-4
    """lambda."""
    rows: str = "first"
    """first (the layer before propagation) or final vectors."""


@dataclass
class ObjectiveConfig:
    """Named loss terms and their weights; each has its own switch."""

    preference: PreferenceConfig = field(default_factory=PreferenceConfig)
    knowledge: KnowledgeConfig = field(default_factory=KnowledgeConfig)
    text: TextTermConfig = field(default_factory=TextTermConfig)
    l2: L2Config = field(default_factory=L2Config)
    search: SearchTermsConfig = field(default_factory=SearchTermsConfig)
