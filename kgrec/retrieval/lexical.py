"""Search by words: BM25 over two fields of each item."""

from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from torch import Tensor

from kgrec.errors import RunError
from kgrec.files import atomic_path
from kgrec.progress import progress
from kgrec.query.analyser import Analyser
from kgrec.query.kept import kept, key_of
from kgrec.query.understanding import Query
from kgrec.retrieval.base import Candidates, best_of
from kgrec.retrieval.bm25 import Bm25Field
from kgrec.retrieval.config import LexicalConfig
from kgrec.retrieval.documents import Documents

FIELDS = ("text", "facts")


class LexicalRetriever:
    """``score(q, i) = w_text BM25(q, text_i) + w_facts BM25(q, facts_i)`` over the tokens of one analyser.

    BM25 as in Lucene (Robertson and Zaragoza 2009, https://doi.org/10.1561/1500000019, section 3.4; by bm25s,
    https://arxiv.org/abs/2407.03618): every document's score for every token is computed once, when the index
    is built, so that a query adds up a few sparse columns. Each distinct token of a query counts once. Items
    without a token of the query score 0 and are no candidates.
    """

    name = "lexical"

    def __init__(self, fields: dict[str, Bm25Field], weights: dict[str, float], n_items: int) -> None:
        self.fields, self.weights, self.n_items = fields, weights, n_items

    @classmethod
    def build(
        cls, documents: Documents, analyser: Analyser, config: LexicalConfig | None = None
    ) -> "LexicalRetriever":
        """Tokenise and index; some seconds for 50,000 documents of 40 words."""
        config = config or LexicalConfig()
        weights = {"text": config.text_weight, "facts": config.facts_weight}
        texts = {"text": documents.texts, "facts": documents.facts}
        fields = {
            name: Bm25Field.build(_tokenised(texts[name], analyser, name), config.k1, config.b)
            for name in FIELDS
            if weights[name]
        }
        return cls(fields, weights, len(documents))

    @classmethod
    def kept(
        cls, documents: Documents, analyser: Analyser, config: LexicalConfig, folder: Path | None
    ) -> "LexicalRetriever":
        """The index that ``folder`` keeps of these documents, built and put there if it has none."""
        settings = f"{config} {sorted(analyser.stop_words)} {analyser.stem}"
        read = (documents.texts, [""], documents.facts, [""], analyser.own_words)
        name = f"lexical-{key_of(chain(*read), settings)}" if folder is not None else ""

        def build() -> "LexicalRetriever":
            return cls.build(documents, analyser, config)

        def load(path: Path) -> "LexicalRetriever":
            found = cls.load(path)
            weights = {"text": config.text_weight, "facts": config.facts_weight}
            if found.weights != {field: weight for field, weight in weights.items() if weight}:
                raise RunError(f"{path}: a field of the lexical index is missing")
            return found

        return kept(folder, name, load, build, cls.save)

    def scores(self, tokens: Sequence[str]) -> np.ndarray:
        """Scores of all items ``(n_items,)`` float32; 0 where no token matches."""
        distinct = list(dict.fromkeys(tokens))
        total = np.zeros(self.n_items, np.float32)
        for name, field in self.fields.items():
            total += np.float32(self.weights[name]) * field.scores(distinct)
        return total

    def retrieve(
        self,
        query: Query,
        vector: Tensor | None,
        user: int | None,
        k: int,
        allowed: np.ndarray | None = None,
    ) -> Candidates:
        """At most ``k`` items that share a token with the query; vector and user do not matter."""
        return best_of(self.scores(query.tokens), k, 0.0, allowed)

    def save(self, folder: Path) -> None:
        """Write plain arrays and JSON, no pickle; the folder is whole or absent."""
        with atomic_path(folder) as part:
            for name, field in self.fields.items():
                field.save(part / name, self.weights[name])

    @classmethod
    def load(cls, folder: Path) -> "LexicalRetriever":
        """Read what `save` wrote.

        Raises:
            RunError: the folder is missing or holds something else.
        """
        found = {name: Bm25Field.load(folder / name) for name in FIELDS if (folder / name).is_dir()}
        if not found:
            raise RunError(f"{folder}: there is no lexical index; build it again from the data set")
        fields = {name: field for name, (field, _) in found.items()}
        weights = {name: weight for name, (_, weight) in found.items()}
        return cls(fields, weights, next(iter(fields.values())).n_documents)


def _tokenised(texts: Sequence[str], analyser: Analyser, name: str) -> Iterable[list[str]]:
    for text in progress(texts, desc=f"indexing words ({name})", total=len(texts)):
        yield analyser.tokens(text)
