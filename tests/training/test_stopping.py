from kgrec.training.stopping import EarlyStopping


def test_patience_counts_evaluations_without_a_new_best() -> None:
    stopping = EarlyStopping(patience=2)
    seen = [
        (stopping.update(value, epoch), stopping.exhausted) for epoch, value in enumerate([1, 3, 3, 2], 1)
    ]
    assert seen == [(True, False), (True, False), (False, False), (False, True)]
    assert (stopping.best, stopping.best_epoch) == (3, 2)


def test_a_new_best_renews_patience() -> None:
    stopping = EarlyStopping(patience=2)
    for epoch, value in enumerate([1, 0, 2, 0], 1):
        stopping.update(value, epoch)
    assert not stopping.exhausted


def test_patience_zero_never_ends() -> None:
    stopping = EarlyStopping(patience=0)
    for epoch in range(50):
        stopping.update(-epoch, epoch)
    assert not stopping.exhausted


def test_not_a_number_is_never_the_best() -> None:
    stopping = EarlyStopping(patience=1)
    assert not stopping.update(float("nan"), 1)
    assert stopping.exhausted


def test_state_goes_on_but_patience_is_configured_anew() -> None:
    stopping = EarlyStopping(patience=2)
    for epoch, value in enumerate([1, 5, 4], 1):
        stopping.update(value, epoch)
    again = EarlyStopping(patience=3)
    again.load(stopping.state())
    assert again == EarlyStopping(patience=3, best=5.0, best_epoch=2, waited=1)
