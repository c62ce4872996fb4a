"""Words that say nothing about a product, in both languages: short lists, for titles are short."""

_ENGLISH = """
a an and are as at be by for from has have i in is it its of on or our that the their this to was were which
will with you your
"""
_CHINESE = """
的 了 和 与 及 或 在 是 也 等 之 就 都 而 着 吗 呢 吧 啊 我 你 您 想 要 给 有 一个 一些 什么
"""
STOP_WORDS = frozenset(_ENGLISH.split()) | frozenset(_CHINESE.split())
