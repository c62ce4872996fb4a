"""Configuration of the models that read histories in order: SASRec."""

from dataclasses import dataclass


@dataclass
class SASRecConfig:
    """Self-attention over the sequence of a person's items."""

    name: str = "sasrec"
    dim: int = 64
    """Length of a vector."""
    layers: int = 2
    """Blocks of attention and feed-forward."""
    heads: int = 1
    """Attention heads; they share ``dim`` evenly."""
    max_length: int = 50
    """Newest items of a history that are read."""
    dropout: float = 0.2
    """Dropout on the first layer, the attention and what each block adds."""
    loss: str = "softmax"
    """softmax (the next item against all items) or bce (the paper's, against ``negatives`` random ones)."""
    negatives: int = 1
    """Random items a position for bce."""
    init_std: float = 0.02
    """Standard deviation of the first vectors; those of items are multiplied by the root of ``dim``."""
