"""iALS: a factorisation of the whole user-item matrix, its empty cells included, by least squares."""

import torch
from torch import Tensor

from kgrec.data.user_items import UserItems
from kgrec.errors import ConfigError
from kgrec.models.config_linear import IALSConfig
from kgrec.models.row_least_squares import Penalties, SparseRows, solve, solve_all
from kgrec.models.vectors import VectorModel
from kgrec.progress import progress


class IALSModel(VectorModel):
    """Scores by inner product; a person never seen in training gets the vector that training would give.

    That is their own least squares on the item vectors, ``(batch, length, dim)`` systems of one row, so a
    known person's history scores like that person. An empty history gets the mean user.
    """

    def __init__(self, user_vectors: Tensor, item_vectors: Tensor, penalties: Penalties) -> None:
        """``user_vectors`` ``(n_users, dim)``, ``item_vectors`` ``(n_items, dim)``."""
        super().__init__(user_vectors, item_vectors)
        self.penalties = penalties
        self._gram = penalties.gram(item_vectors.double())

    def vector_from_history(self, items: Tensor, weights: Tensor | None = None) -> Tensor:
        """``(m,)`` item rows and weights -> ``(dim,)``; an item of weight 0 is like one left out."""
        rows = self.item_vectors[items.to(self.item_vectors.device)].double()
        given = rows.new_ones(len(rows)) if weights is None else weights.to(rows)
        present = given > 0
        if not present.any():
            return self.user_vectors.mean(0)
        ridge = self.penalties.ridge(present.sum().unsqueeze(0), self.n_items)
        return solve(rows[present].unsqueeze(0), given[present].unsqueeze(0), self._gram, ridge)[0].float()

    def tensors(self) -> dict[str, Tensor]:
        """Both tables, and ``penalties`` ``(3,)``: w0, l2 and nu."""
        wanted = self.penalties
        values = torch.tensor([wanted.w0, wanted.l2, wanted.nu], dtype=torch.float64)
        return {**super().tensors(), "penalties": values}

    @classmethod
    def from_tensors(cls, tensors: dict[str, Tensor]) -> "IALSModel":
        """Rebuild from ``tensors()``."""
        penalties = Penalties(*tensors["penalties"].tolist())
        # A file's tensors lie at odd addresses, where products round otherwise; a copy scores bit for bit.
        return cls(tensors["user_vectors"].clone(), tensors["item_vectors"].clone(), penalties)


def fit_ials(train: UserItems, config: IALSConfig, device: torch.device | str = "cpu") -> IALSModel:
    """Alternate the exact minima over items Y and over users Z of

    ``sum_(u,i) w_ui (z_u . y_i - 1)^2 + w0 sum_u sum_i (z_u . y_i)^2``
    ``+ l2 (sum_u (n_u + w0 n_items)^nu |z_u|^2 + sum_i (n_i + w0 n_users)^nu |y_i|^2)``

    where the first sum is over train interactions, of weight ``w_ui`` (1 where there are none), and n_u
    and n_i count those of a row. Hu, Koren and Volinsky 2008, Collaborative Filtering for Implicit Feedback
    Datasets, https://doi.org/10.1109/ICDM.2008.22; the form of the penalty and the advice to tune w0, l2 and
    nu together, in more dimensions than one would think, are of Rendle et al. 2022, Revisiting the
    Performance of iALS on Item Recommendation Benchmarks, https://arxiv.org/abs/2110.14037.

    The package implicit (0.7.3) fits the plain form of it by conjugate gradients: on one CPU core some ten
    times as fast (lastfm, 64 dimensions, 16 sweeps: 0.24 s against 2.7 s) and about as good (best valid
    recall@10 found .304 against .309). It has no ``nu``; these lines have, and run wherever torch does.

    Users are solved last, so they fit the items that are served. Users' first vectors come from torch's
    global generator, on the CPU whatever the device. A sweep costs
    ``2 n_pairs dim^2 + (n_users + n_items) dim^3 / 3`` multiplications; memory: both tables and one batch.

    Raises:
        ConfigError: a value of ``config`` is out of range.
    """
    _check(config)
    penalties = Penalties(config.w0, config.l2, config.nu)
    matrix = train.matrix()
    by_user, by_item = SparseRows(matrix, device), SparseRows(matrix.T.tocsr(), device)
    users = (torch.randn(train.n_users, config.dim) * config.init_std / config.dim**0.5).to(device)
    for _ in progress(range(config.sweeps), desc="least squares", unit="sweep"):
        items = solve_all(by_item, users, penalties)
        users = solve_all(by_user, items, penalties)
    # Rounding of a solution grows with the condition of its system: in float64 both ways to it agree.
    return IALSModel(solve_all(by_user, items.double(), penalties).float(), items, penalties)


def _check(config: IALSConfig) -> None:
    if config.dim < 1 or config.sweeps < 1:
        raise ConfigError(f"model.dim is {config.dim}, model.sweeps {config.sweeps}; both must be at least 1")
    if config.w0 <= 0 or config.l2 <= 0:
        raise ConfigError(f"model.w0 is {config.w0}, model.l2 {config.l2}; both must be above 0")
    if config.nu < 0 or config.init_std <= 0:
        raise ConfigError(
            f"model.nu is {config.nu}, model.init_std {config.init_std}; use at least 0 and above 0"
        )
