"""Whether a sentence says anything that is not on its path."""

import re

import jieba

_ENGLISH = """
a about also an and are as because both by chose could enjoy enjoyed for from had has have
here interest in is it its just liked like linked might may of on one or our out pick picked
recommend recommended same see share shares since so somebody someone suggest suggested suit that
the their them they think this to too we well which who why with would you your yours
item connected connects connection shared common
"""
_CHINESE = """
您 你 我们 选过 选择 选 过 喜欢 因为 所以 由于 它 它们 与 和 跟 同 的 也 都 是
有 一样 相同 同样 共同 之间 关系 推荐 可能 会 适合 这 这个 这件 那 一位
看过 曾 曾经 而 且 并且 一个 为 给 在 于 对 还 又 同时 拥有 具有
属于 感兴趣 兴趣 以 及 以及 该 此 商品 物品 值得 一看
"""
ALLOWED = {"en": frozenset(_ENGLISH.split()), "zh": frozenset(_CHINESE.split())}
"""Words that say nothing by themselves. No negation is among them, and nothing that could be a fact."""
OTHERS = {
    "en": frozenset({"else", "another", "other", "others", "people", "person"}),
    "zh": frozenset({"另", "另一位", "人", "别人", "其他", "其他人"}),
}
"""Words for somebody else, for sentences about somebody else: “another brand” would not be the same one."""
PASTS = {
    "en": frozenset({"had", "liked", "chose", "enjoyed", "picked"}),
    "zh": frozenset({"选过", "喜欢", "选", "选择", "过", "看过", "拥有"}),
}
"""What somebody did with an item. That somebody liked what they had is taken to be the same."""
YOU = {"en": frozenset({"you", "your", "yours"}), "zh": frozenset({"您", "你"})}
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def states_only(text: str, template: str, names: list[str], language: str) -> bool:
    """Whether ``text`` says of ``names`` what the template says, in other words.

    ``template``: the sentence that is known to be true; its own words may be used again. The names have to
    come as often as there and in the same order, for another order would say that the person had what is
    recommended. Between them stand words that say nothing; what somebody did stands where the template says
    it, and nothing is said of you where it tells of somebody else. The check is stricter than truth: a
    sentence that it refuses may be true. It does not read grammar: what it passes holds the path's names and
    no others, and may still put them together badly.
    """
    # The longest first: a name may be part of another one.
    parts = "|".join(re.escape(name) for name in sorted(filter(None, names), key=len, reverse=True))
    said, told = re.split(f"({parts})", text), re.split(f"({parts})", template)
    if said[1::2] != told[1::2]:
        return False
    pairs = [(_words(s, language), _words(t, language)) for s, t in zip(said[::2], told[::2], strict=True)]
    known = {word for _, there in pairs for word in there}
    allowed = ALLOWED[language] | known
    if known & OTHERS[language]:
        allowed = (allowed | OTHERS[language]) - YOU[language]
    pasts = PASTS[language]
    return all(
        allowed.issuperset(here) and (pasts.isdisjoint(here) or not pasts.isdisjoint(there))
        for here, there in pairs
    )


def _words(text: str, language: str) -> list[str]:
    found = [word.lower().strip("'’") for word in _WORD.findall(text)]
    if language == "zh":
        return [piece for word in found for piece in jieba.lcut(word) if piece.strip()]
    return [part for word in found for part in re.split(r"['’]", word)[:1]]
