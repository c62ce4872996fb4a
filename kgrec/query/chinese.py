"""jieba's cutter over its general dictionary and the words of one catalogue."""

import functools
from collections.abc import Iterable

import jieba


def cutter(words: Iterable[str]) -> jieba.Tokenizer:
    """A tokeniser that also knows ``words``; those of another cutter are not its own.

    The general dictionary is read once a process, in half a second.
    """
    counts, total = _general_dictionary()
    tokenizer = jieba.Tokenizer()
    tokenizer.FREQ, tokenizer.total, tokenizer.initialized = dict(counts), total, True
    for word in words:
        tokenizer.add_word(word)
    return tokenizer


@functools.cache
def _general_dictionary() -> tuple[dict[str, int], int]:
    # Not by jieba's initialize: it logs, and it trusts and writes a file in the shared temporary folder.
    tokenizer = jieba.Tokenizer()
    counts, total = tokenizer.gen_pfdict(tokenizer.get_dict_file())
    return counts, total
