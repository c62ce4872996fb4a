"""A row goes out of a model's tensors and nothing else does."""

import torch

from kgrec.data.vocabulary import Vocabulary
from kgrec.online.erasing import Place, anonymous, without_user

PLACE = Place(1, 3, (3, 5, 9))


def test_rows_of_users_and_of_nodes_are_zero_and_others_stay() -> None:
    tensors = {
        "user_vectors": torch.ones(3, 2),
        "item_vectors": torch.ones(3, 2),
        "free": torch.ones(9, 2),
        "ials/user_vectors": torch.ones(3),
        "gate": torch.ones(4),
        "scale": torch.tensor(3.0),
    }
    erased = without_user(tensors, PLACE)
    assert erased["user_vectors"][:, 0].tolist() == [1, 0, 1]
    assert erased["ials/user_vectors"].tolist() == [1, 0, 1]
    assert erased["free"].sum().item() == 16 and erased["free"][1].sum().item() == 0
    for name in ("item_vectors", "gate", "scale"):
        assert torch.equal(erased[name], tensors[name])


def test_a_sparse_history_loses_one_row() -> None:
    tensors = {
        "ease/history_indptr": torch.tensor([0, 2, 5, 6]),
        "ease/history_indices": torch.tensor([0, 1, 0, 1, 2, 2]),
        "ease/history_data": torch.tensor([1.0, 2, 3, 4, 5, 6]),
        "ease/weights_indptr": torch.tensor([0, 0, 0, 1]),
    }
    erased = without_user(tensors, PLACE)
    assert erased["ease/history_indptr"].tolist() == [0, 2, 2, 3]
    assert erased["ease/history_indices"].tolist() == [0, 1, 2]
    assert erased["ease/history_data"].tolist() == [1, 2, 6]
    assert erased["ease/weights_indptr"].tolist() == [0, 0, 0, 1]


def test_the_name_goes_and_the_rows_stay() -> None:
    users = anonymous(Vocabulary(["a", "b", "c"], "user"), 1)
    assert users.ids[0] == "a" and users.ids[2] == "c"
    assert users.ids[1].startswith("erased-") and "b" not in users
