"""Whether a sentence says anything that is not on its path."""

import re

import jieba

_ENGLISH = """
a about also an and another are as because both by chose could enjoy enjoyed for from had has have
here interest in is it its just liked like linked might may of on one or other our out pick picked
recommend recommended same see share shares since so somebody someone suggest suggested suit that
the their them they think this to too we well which who why with would you your yours person people
item another connected connects connection shared common
"""
_CHINESE = """
您 你 我们 选过 选择 选 过 喜欢 因为 所以 由于 它 它们 与 和 跟 同 的 也 都 是
有 一样 相同 同样 共同 之间 关系 推荐 可能 会 适合 这 这个 这件 那 另一位 另 一位
人 其他人 其他 看过 曾 曾经 而 且 并且 一个 为 给 在 于 对 还 又 同时 拥有 具有
属于 感兴趣 兴趣 以 及 以及 该 此 商品 物品 值得 一看
"""
ALLOWED = {"en": frozenset(_ENGLISH.split()), "zh": frozenset(_CHINESE.split())}
"""Words that say nothing by themselves. No negation is among them, and nothing that could be a fact."""
_WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")


def states_only(text: str, template: str, names: list[str], language: str) -> bool:
    """Whether ``text`` names all of ``names``, in the template's order, and else only words that say nothing.

    ``template``: the sentence that is known to be true; its own words may be used again. The check is
    stricter than truth: a sentence that it refuses may be true, one that it passes names the nodes and the
    relation of the path and nothing else.
    """
    order = sorted(names, key=template.find)
    places = [text.find(name) for name in order]
    # Another order would say that the person had what is recommended.
    if -1 in places or places != sorted(places):
        return False
    left = text
    # The longest first: a name may be part of another one.
    for name in sorted(names, key=len, reverse=True):
        left = left.replace(name, " ")
        template = template.replace(name, " ")
    allowed = ALLOWED[language] | set(_words(template, language))
    return all(word in allowed for word in _words(left, language))


def _words(text: str, language: str) -> list[str]:
    found = [word.lower().strip("'’") for word in _WORD.findall(text)]
    if language == "zh":
        return [piece for word in found for piece in jieba.lcut(word) if piece.strip()]
    return [part for word in found for part in re.split(r"['’]", word)[:1]]
