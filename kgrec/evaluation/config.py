"""Typed configuration of the evaluation."""

from dataclasses import dataclass, field


@dataclass
class EvaluationConfig:
    """What is measured, and how deep."""

    metrics: list[str] = field(
        default_factory=lambda: ["recall", "precision", "f1", "ndcg", "mrr", "hit", "map"]
    )
    """Accuracy metrics, each at every k."""
    ks: list[int] = field(default_factory=lambda: [5, 10, 20, 50])
    """Cut-offs."""
    top_k: int = 100
    """Depth of the ranking that a run saves for every user."""
    batch_size: int = 1024
    """Users ranked at once; a batch takes 4 * batch_size * n_items bytes."""
    tie_seed: int = 0
    """Seed of the hash that breaks ties between equal scores."""
    test: bool = True
    """Judge on test at the end; a sweep leaves it to scripts/evaluate.py."""
    beyond_accuracy: bool = True
    """Also coverage, Gini, novelty and intra-list diversity."""
    slices: bool = True
    """Also metrics by user activity, item popularity and for cold items."""
    ctr: bool = False
    """Also AUC, accuracy and F1 against one random item a positive, as click-through papers report."""
    bootstrap: int = 1000
    """Resamples of users for the 95% intervals; 0 = none."""
