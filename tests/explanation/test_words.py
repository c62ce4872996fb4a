"""Sentences word by word."""

import pytest

from kgrec.errors import ConfigError
from kgrec.explanation.trails import DIRECT, OTHER_PERSON, SHARED
from kgrec.explanation.words import Told, relation_words, sentence


@pytest.mark.parametrize(
    ("told", "english", "chinese"),
    [
        (
            Told(SHARED, "Heat", "Ronin", "De Niro", "actor", "actor"),
            "You had “Heat”, and “Ronin” has the same actor: De Niro.",
            "您选过“Heat”，“Ronin”与它的actor相同：De Niro。",
        ),
        (
            Told(SHARED, "Heat", "Ronin", "Mann", "director", "writer"),
            "You had “Heat” (director: Mann), and “Ronin” has Mann as writer.",
            "您选过“Heat”（director：Mann），而“Ronin”的writer也是Mann。",
        ),
        (
            Told(SHARED, "Heat", "Ronin", "", "actor", "actor"),
            "You had “Heat”, and “Ronin” has the same actor.",
            "您选过“Heat”，“Ronin”与它的actor相同。",
        ),
        (
            Told(SHARED, "Heat", "Ronin", "", "director", "writer"),
            "You had “Heat”, and its director is also writer of “Ronin”.",
            "您选过“Heat”，它的director也是“Ronin”的writer。",
        ),
        (
            Told(DIRECT, "Pan", "Lid", "", "part of", "part of"),
            "You had “Pan”, which is linked with “Lid” by part of.",
            "您选过“Pan”，它与“Lid”之间有“part of”关系。",
        ),
        (
            Told(OTHER_PERSON, "Pan", "Lid"),
            "Somebody else who had “Pan” also had “Lid”.",
            "另一位选过“Pan”的人也选过“Lid”。",
        ),
    ],
)
def test_each_kind_has_its_sentence(told: Told, english: str, chinese: str) -> None:
    assert sentence(told, "en") == english
    assert sentence(told, "zh") == chinese


def test_a_name_with_braces_is_a_name() -> None:
    assert "“{item}”" in sentence(Told(OTHER_PERSON, "{item}", "Lid"), "en")


def test_another_language_is_refused() -> None:
    with pytest.raises(ConfigError, match="use one of en, zh"):
        sentence(Told(DIRECT, "a", "b"), "fr")


def test_relations_are_said_as_people_do() -> None:
    assert relation_words("literary_genre", "en") == "literary genre"
    assert relation_words("Genre", "zh") == "类型"
    assert relation_words("wiki page wiki link", "zh") == "链接"
    assert relation_words("unheard_of", "zh") == "unheard of"
