"""Configuration of the models that contrast two views of the graph."""

from dataclasses import dataclass


@dataclass
class SGLConfig:
    """LightGCN with InfoNCE between two views that each lost a share of the interactions."""

    name: str = "sgl"
    dim: int = 64
    """Length of a vector."""
    layers: int = 3
    """Propagation steps; the result is the mean over all layers."""
    scoring: str = "cosine"
    """dot or cosine."""
    init_std: float = 0.1
    """Standard deviation of the first vectors."""
    edge_dropout: float = 0.1
    """Share of the interactions that a view leaves out; drawn anew each epoch."""
    contrast_weight: float = 0.1
    """Weight of the contrast between the views; 0 = off."""
    contrast_temperature: float = 0.2
    """Divides the cosines of the contrast."""


@dataclass
class SimGCLConfig:
    """LightGCN with InfoNCE between two passes that noise was added to; XSimGCL by a switch."""

    name: str = "simgcl"
    dim: int = 64
    """Length of a vector."""
    layers: int = 2
    """Propagation steps; the result is the mean over layers 1 to this."""
    scoring: str = "cosine"
    """dot or cosine."""
    init_std: float = 0.1
    """Standard deviation of the first vectors."""
    noise: float = 0.1
    """Length of the noise that each layer adds to a vector."""
    contrast_weight: float = 0.1
    """Weight of the contrast between the passes; 0 = off. The paper's 0.5 stands beside a BPR loss."""
    contrast_temperature: float = 0.2
    """Divides the cosines of the contrast."""
    cross_layer: int = 0
    """0: SimGCL. A layer's number: XSimGCL, one noisy pass held against that layer of itself."""


@dataclass
class KGCLConfig:
    """LightGCN over items that heard their entities, with contrast guided by how sure the knowledge is."""

    name: str = "kgcl"
    dim: int = 64
    """Length of a vector."""
    layers: int = 3
    """Propagation steps; the result is the mean over all layers."""
    scoring: str = "cosine"
    """dot or cosine."""
    init_std: float = 0.1
    """Standard deviation of the first vectors."""
    fact_dropout: float = 0.5
    """Share of the items' facts that a view leaves out; drawn anew each epoch."""
    interaction_dropout: float = 0.1
    """Share of the interactions that a view leaves out, more of them at items of inconsistent knowledge."""
    least_consistency: float = 0.3
    """Floor of an item's consistency in [0, 1] before it is turned into a chance to be kept."""
    contrast_weight: float = 0.1
    """Weight of the contrast between the views; 0 = off."""
    contrast_temperature: float = 0.2
    """Divides the cosines of the contrast."""


@dataclass
class MCCLKConfig:
    """Who had what, similar items and knowledge as three views, and contrasts among them."""

    name: str = "mcclk"
    dim: int = 64
    """Length of a vector of one view; the final ones are two of them."""
    layers: int = 2
    """Steps over who had what; a view is the mean over its layers."""
    hops: int = 2
    """Steps over the knowledge graph."""
    semantic_layers: int = 1
    """Steps over the graph of similar items."""
    neighbours: int = 10
    """Similar items kept per item, itself among them."""
    scoring: str = "cosine"
    """dot or cosine."""
    init: str = "normal"
    """normal, xavier_normal or xavier_uniform: how the first vectors are drawn (see ``draw_rows``)."""
    init_std: float = 0.1
    """Standard deviation of the first vectors where ``init`` is normal."""
    alpha: float = 0.2
    """Share of the local contrast in the two contrasts; the rest is the global one's."""
    beta: float = 0.1
    """Weight of both contrasts together; 0 = off."""
    contrast_temperature: float = 0.6
    """Divides the cosines of the contrasts."""
    contrast_rows: int = 1024
    """Users and items of a batch that are contrasted at most; their number squared is the cost."""
