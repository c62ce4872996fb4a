"""Queries for a product that somebody knows: some words of its name, typed badly, in another order."""

import re

import numpy as np

WORD = re.compile(r"\w[\w'-]*")
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def known_item_query(name: str, rng: np.random.Generator) -> str | None:
    """A query for the product of this ``name``; None where the name has fewer than two words.

    Two to five words stay, drawn by chance; three times in ten one of four letters or more is misspelt, two
    times in ten the words change places.
    """
    words = list(dict.fromkeys(word.lower() for word in WORD.findall(name)))
    if len(words) < 2:
        return None
    kept = np.sort(rng.permutation(len(words))[: rng.integers(2, 6)])
    chosen = [words[place] for place in kept]
    long = [place for place, word in enumerate(chosen) if len(word) >= 4 and word.isalpha()]
    if long and rng.random() < 0.3:
        place = int(rng.choice(long))
        chosen[place] = misspelt(chosen[place], rng)
    if rng.random() < 0.2:
        chosen = [chosen[place] for place in rng.permutation(len(chosen))]
    return " ".join(chosen)


def misspelt(word: str, rng: np.random.Generator) -> str:
    """One letter left out, doubled, exchanged with the next, or replaced; never the first."""
    place = int(rng.integers(1, len(word)))
    how = int(rng.integers(4))
    if how == 0:
        return word[:place] + word[place + 1 :]
    if how == 1:
        return word[:place] + word[place] + word[place:]
    if how == 2 and place + 1 < len(word):
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]
    return word[:place] + str(rng.choice(list(LETTERS))) + word[place + 1 :]
