from kgrec.extraction.dictionary import DictionaryMatcher
from kgrec.extraction.spans import align


def found(matcher: DictionaryMatcher, text: str) -> list[str]:
    return [f"{text[s.start : s.stop]}={s.kind}" for s in matcher.spans(text)]


def test_the_longest_name_from_the_left() -> None:
    matcher = DictionaryMatcher({"手机": "type", "手机壳": "type", "壳牌": "brand"})
    assert found(matcher, "手机壳牌 手机") == ["手机壳=type", "手机=type"]


def test_no_name_inside_a_latin_word_or_a_number() -> None:
    matcher = DictionaryMatcher({"pad": "type", "6": "model"})
    assert found(matcher, "ipad 16 pad6") == []
    assert found(matcher, "pad 6 苹果pad壳") == ["pad=type", "6=model", "pad=type"]


def test_an_empty_dictionary_finds_nothing() -> None:
    assert DictionaryMatcher({}).spans("a") == DictionaryMatcher({"": "x"}).spans("a") == []
    assert DictionaryMatcher({"a": "x"}).spans("") == []


def test_names_are_what_they_mostly_are() -> None:
    texts = ["小米 手机", "小米 电视", "小米 粥"]
    facts = [[("brand", "小米"), ("type", "手机")], [("brand", "小米")], [("type", "小米")]]
    mentions = [align(text, some) for text, some in zip(texts, facts, strict=True)]
    assert DictionaryMatcher.fit(texts, mentions).kinds == {"小米": "brand", "手机": "type"}


def test_names_that_are_mostly_no_mention_are_dropped() -> None:
    texts = ["买 6 送 6", "6 件", "型号 6"]
    mentions = [[], [], align(texts[2], [("model", "6")])]
    assert DictionaryMatcher.fit(texts, mentions).kinds == {}
    assert DictionaryMatcher.fit(texts, mentions, at_least=0.0).kinds == {"6": "model"}
