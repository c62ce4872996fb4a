"""Items that the same people have: neighbourhoods by shrunk cosine."""

import numpy as np
import scipy.sparse as sp
import torch

from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.models.config import ItemKNNConfig
from kgrec.models.gram import GramBlock, gram_blocks
from kgrec.models.item_item import ItemItemModel, keep_largest


def fit_item_knn(train: UserItems, config: ItemKNNConfig) -> ItemItemModel:
    """``W_ji = x_j . x_i / (|x_j| |x_i| + shrinkage)`` for the ``neighbours`` most similar j of i, else 0.

    x_i is the column of item i in the (weighted) train matrix. Sarwar et al. 2001, Item-Based Collaborative
    Filtering Recommendation Algorithms, https://doi.org/10.1145/371920.372071; Deshpande and Karypis 2004,
    Item-Based Top-N Recommendation Algorithms, https://doi.org/10.1145/963770.963776.

    Memory: the kept weights, and one block of similarities (see kgrec.models.gram).

    Raises:
        ConfigError: ``neighbours`` or ``shrinkage`` is out of range.
    """
    if config.neighbours < 1 or config.shrinkage < 0:
        raise ConfigError(
            f"model.neighbours is {config.neighbours}, model.shrinkage {config.shrinkage}; "
            "they must be at least 1 and 0"
        )
    matrix = train.matrix()
    norms = np.sqrt(np.asarray(matrix.multiply(matrix).sum(0))).ravel()
    blocks = gram_blocks(matrix)
    rows = [keep_largest(_similarity(block, norms, config.shrinkage), config.neighbours) for block in blocks]
    return ItemItemModel.from_rows(rows, train)


def _similarity(block: GramBlock, norms: np.ndarray, shrinkage: float) -> torch.Tensor:
    """Shrunk cosines of a block's items to all items, ``(stop - start, n_items)``; 0 to themselves."""
    dots = block.matrix
    item = dots.row + block.start
    # Where a dot product is stored, both items have interactions, so the denominator is above zero.
    cosine = dots.data / (norms[item] * norms[dots.col] + shrinkage)
    cosine[item == dots.col] = 0.0
    return torch.from_numpy(sp.coo_matrix((cosine, (dots.row, dots.col)), shape=dots.shape).toarray())
