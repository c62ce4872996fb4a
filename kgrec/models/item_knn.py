"""Items that the same people have: neighbourhoods by shrunk cosine."""

import numpy as np
import scipy.sparse as sp

from kgrec.data.user_items import UserItems
from kgrec.models.config import ItemKNNConfig
from kgrec.models.item_item import ItemItemModel
from kgrec.progress import progress

BLOCK = 2048
"""Items compared at once: a block of similarities takes 4 * BLOCK * n_items bytes."""


def fit_item_knn(train: UserItems, config: ItemKNNConfig) -> ItemItemModel:
    """``W_ji = x_j . x_i / (|x_j| |x_i| + shrinkage)`` for the ``neighbours`` most similar j of each i, else 0.

    Sarwar et al. 2001, https://doi.org/10.1145/371920.372071; Deshpande and Karypis 2004,
    https://doi.org/10.1145/963770.963776.
    """
    columns = train.matrix().tocsc()
    norms = np.sqrt(np.asarray(columns.multiply(columns).sum(0))).ravel()
    blocks = []
    starts = range(0, train.n_items, BLOCK)
    for start in progress(starts, desc="item neighbours", unit="block"):
        chosen = np.arange(start, min(start + BLOCK, train.n_items))
        similarity = np.asarray((columns[:, chosen].T @ columns).todense(), np.float32)
        similarity /= norms[chosen, None] * norms[None, :] + config.shrinkage + 1e-12
        similarity[np.arange(len(chosen)), chosen] = 0.0
        blocks.append(_largest(similarity, config.neighbours))
    # Rows of the blocks are the items that are scored; the model multiplies from the left by histories.
    weights = sp.vstack(blocks).T.tocsr().astype(np.float32)
    return ItemItemModel(weights, train.matrix())


def _largest(similarity: np.ndarray, kept: int) -> sp.csr_matrix:
    if kept >= similarity.shape[1]:
        return sp.csr_matrix(similarity)
    columns = np.argpartition(-similarity, kept - 1, axis=1)[:, :kept]
    values = np.take_along_axis(similarity, columns, axis=1)
    rows = np.broadcast_to(np.arange(len(similarity))[:, None], columns.shape)
    matrix = sp.csr_matrix((values.ravel(), (rows.ravel(), columns.ravel())), shape=similarity.shape)
    matrix.eliminate_zeros()
    return matrix
