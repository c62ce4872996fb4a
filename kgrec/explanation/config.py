"""Settings of explanations."""

from dataclasses import dataclass


@dataclass
class ExplanationConfig:
    """How far paths are looked for, and who words them."""

    max_past: int = 200
    """Items of a history that paths may start at: the nearest to the item explained, by the model."""
    hub_share: float = 0.2
    """An entity that more than this share of all items has connects nothing: everything shares it."""
    ways_per_item: int = 4
    """Facts kept between one past item and the item explained, rarest first."""
    candidates: int = 24
    """Paths whose edges are really removed; the promising ones by likeness and rarity."""
    rewriter: str = ""
    """Folder (or a name under ``$KGREC_MODELS``) of a causal language model; empty = templates."""
    rewriter_tokens: int = 80
    """Longest rewording, in tokens."""
