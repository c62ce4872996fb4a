"""How tables of free vectors are first drawn."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

INITS = ("normal", "xavier_normal", "xavier_uniform")


@torch.no_grad()
def draw_rows(table: Tensor, init: str, std: float, parts: Sequence[int] = ()) -> None:
    """Fill ``table`` ``(rows, dim)`` from torch's global generator.

    ``normal``: deviation ``std`` throughout. ``xavier_normal`` and ``xavier_uniform``: deviation ``sqrt(2 /
    (rows + dim))``, Glorot and Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html, for each of the
    ``parts`` (numbers of rows; none given: the table is one). Published code keeps users and items in tables
    of their own, and the rule gives rows of a longer table shorter vectors.
    """
    if init == "normal":
        nn.init.normal_(table, std=std)
        return
    draw = nn.init.xavier_normal_ if init == "xavier_normal" else nn.init.xavier_uniform_
    for rows in table.split(list(parts) or [len(table)]):
        draw(rows)
