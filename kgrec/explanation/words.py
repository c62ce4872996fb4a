"""Paths told in a sentence, in English or Chinese, with nothing but what stands on the path."""

from dataclasses import dataclass

from kgrec.errors import ConfigError
from kgrec.explanation.trails import DIRECT, OTHER_PERSON, SHARED

LANGUAGES = ("en", "zh")
SENTENCES = {
    "en": {
        DIRECT: "You had “{past}”, which is linked with “{item}” by {first}.",
        SHARED: "You had “{past}”, and “{item}” has the same {first}: {via}.",
        "mixed": "You had “{past}” ({first}: {via}), and “{item}” has {via} as {last}.",
        "nameless": "You had “{past}”, and “{item}” has the same {first}.",
        "nameless mixed": "You had “{past}”, and its {first} is also {last} of “{item}”.",
        OTHER_PERSON: "Somebody else who had “{past}” also had “{item}”.",
    },
    "zh": {
        DIRECT: "您选过“{past}”，它与“{item}”之间有“{first}”关系。",
        SHARED: "您选过“{past}”，“{item}”与它的{first}相同：{via}。",
        "mixed": "您选过“{past}”（{first}：{via}），而“{item}”的{last}也是{via}。",
        "nameless": "您选过“{past}”，“{item}”与它的{first}相同。",
        "nameless mixed": "您选过“{past}”，它的{first}也是“{item}”的{last}。",
        OTHER_PERSON: "另一位选过“{past}”的人也选过“{item}”。",
    },
}
CHINESE = {
    "actor": "演员", "author": "作者", "brand": "品牌", "category": "类别", "color": "颜色",
    "country": "国家", "director": "导演", "genre": "类型", "language": "语言",
    "literary genre": "文学体裁",
    "link": "链接", "material": "材质", "publisher": "出版社", "release year": "年份", "season": "季节",
    "series": "系列",
    "starring": "主演", "style": "风格", "subject": "主题", "year": "年份",
}  # fmt: skip
"""Relations that many catalogues have; any other keeps the name that the data gives it."""


PLAINER = {"wiki page wiki link": "link", "wiki page redirects": "other name"}
"""What a graph's makers call a relation, as a person would."""


@dataclass(frozen=True)
class Told:
    """The names on a path."""

    kind: str
    past: str
    item: str
    via: str = ""
    """``""`` where what is shared has no name: an id says nothing in a sentence."""
    first: str = ""
    """Relation of the fact next to the past item."""
    last: str = ""
    """Relation of the fact next to the item explained."""


def sentence(told: Told, language: str) -> str:
    """One sentence. Raises ConfigError for a language that is not spoken here."""
    if language not in SENTENCES:
        raise ConfigError(f"language is {language!r}; use one of {', '.join(LANGUAGES)}")
    return SENTENCES[language][_kind(told)].format(**vars(told))


def _kind(told: Told) -> str:
    if told.kind != SHARED:
        return told.kind
    mixed = told.first != told.last
    if told.via:
        return "mixed" if mixed else SHARED
    return "nameless mixed" if mixed else "nameless"


def relation_words(label: str, language: str) -> str:
    """A relation's name as people of that language read it."""
    plain = label.replace("_", " ").strip()
    plain = PLAINER.get(plain, plain)
    return CHINESE.get(plain.lower(), plain) if language == "zh" else plain
