"""Blocks of X'X, whatever their height, make up X'X."""

import numpy as np
import pytest
import scipy.sparse as sp

from kgrec.models.gram import gram_blocks


@pytest.mark.parametrize("entries", [1, 7, 15, 21, 10_000])
def test_blocks_cover_the_product_once_and_in_order(entries: int) -> None:
    matrix = sp.random(20, 7, density=0.3, format="csr", random_state=1)
    blocks = list(gram_blocks(matrix, entries))
    assert [block.start for block in blocks] == [0, *(block.stop for block in blocks[:-1])]
    assert blocks[-1].stop == 7
    together = sp.vstack([block.matrix for block in blocks]).toarray()
    assert np.allclose(together, (matrix.T @ matrix).toarray())


def test_a_block_stays_within_its_entries() -> None:
    matrix = sp.random(20, 7, density=1.0, format="csr", random_state=1)
    assert all(block.matrix.nnz <= 15 for block in gram_blocks(matrix, 15))
