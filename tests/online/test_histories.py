"""What a person did, by hand."""

from kgrec.online.events import Event
from kgrec.online.histories import Histories


def test_the_largest_weight_and_the_latest_position_count() -> None:
    histories = Histories({"view": 1.0, "like": 4.0})
    histories.add(
        [
            (1, Event("a", "u", "i", "like", 0.5)),
            (2, Event("b", "u", "i", "view")),
            (3, Event("c", "u", "j", "view")),
        ]
    )
    assert histories.of("u") == {"i": 2.0, "j": 1.0}
    assert histories.of("u", after=1) == {"i": 2.0, "j": 1.0}
    assert histories.of("u", after=2) == {"j": 1.0}
    assert histories.of("u", after=3) == histories.of("nobody") == {}


def test_a_kind_that_is_no_longer_known_says_nothing() -> None:
    histories = Histories({"view": 1.0})
    histories.add([(1, Event("a", "u", "i", "old"))])
    assert histories.of("u") == {"i": 0.0}


def test_what_a_training_left_out_is_news_however_old() -> None:
    histories = Histories({"like": 4.0, "dislike": 0.0})
    histories.add([(1, Event("a", "u", "i", "like")), (2, Event("b", "u", "j", "dislike"))])
    assert histories.of("u", after=2, trained={"i"}) == {"j": 0.0}
    assert histories.of("u", after=0, trained={"i"}) == {"i": 4.0, "j": 0.0}
    assert histories.of("u", after=2) == {}


def test_forgotten_is_forgotten() -> None:
    histories = Histories({"view": 1.0})
    histories.add([(1, Event("a", "u", "i", "view")), (2, Event("b", "v", "i", "view"))])
    histories.forget("u")
    assert histories.of("u") == {} and len(histories) == 1
