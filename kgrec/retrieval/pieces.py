"""What a search engine is made of, and how it is built from a data set."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from kgrec.data.dataset import Dataset
from kgrec.data.user_items import UserItems
from kgrec.data.vocabulary import Vocabulary
from kgrec.features.text import TextEmbedder
from kgrec.models.base import Scorer
from kgrec.query.analyser import Analyser
from kgrec.query.understanding import QueryUnderstanding
from kgrec.retrieval.attributes import ItemAttributes
from kgrec.retrieval.config import SearchConfig
from kgrec.retrieval.content import ContentScorer
from kgrec.retrieval.dense import DenseRetriever
from kgrec.retrieval.documents import Documents, documents
from kgrec.retrieval.fact_table import FactTable
from kgrec.retrieval.graph import GraphRetriever
from kgrec.retrieval.item_vectors import item_vectors
from kgrec.retrieval.lexical import LexicalRetriever
from kgrec.retrieval.people import People
from kgrec.retrieval.personal import PersonalRetriever
from kgrec.retrieval.query_encoder import QueryEncoder
from kgrec.retrieval.query_mean import query_mean


@dataclass(frozen=True)
class TextPart:
    """Vectors of the items and what encodes a query beside them."""

    vectors: Tensor
    """``(n_items, dim)``; zeros where an item has no text."""
    encoder: QueryEncoder

    @classmethod
    def embed(cls, texts: list[str], embedder: TextEmbedder) -> "TextPart":
        """Read all texts, through the cache."""
        return cls(item_vectors(texts, embedder), QueryEncoder(embedder.encoders))


@dataclass(frozen=True)
class SearchPieces:
    """Everything that a search touches; made once, never changed."""

    items: Vocabulary
    documents: Documents
    attributes: ItemAttributes
    understanding: QueryUnderstanding
    lexical: LexicalRetriever
    dense: DenseRetriever | None
    encoder: QueryEncoder | None
    graph: GraphRetriever
    personal: PersonalRetriever
    people: People

    @classmethod
    def build(
        cls,
        dataset: Dataset,
        template: str,
        config: SearchConfig,
        embedder: TextEmbedder | TextPart | None,
        scorer: Scorer | None = None,
        folder: Path | None = None,
    ) -> "SearchPieces":
        """Index a data set.

        ``embedder``: None = words and knowledge alone; a `TextPart` where items have vectors already.
        ``scorer``: a model of the same items and users; None = history by content, strangers by popularity.
        The interactions of ``dataset`` are everybody's past. ``folder``: where what was read from the texts
        is kept, so that the next start need not read them all again; None = nowhere.

        Raises:
            ConfigError: a hidden relation or a column of the template does not exist.
        """
        hidden = config.hidden_relations
        docs = documents(dataset, template, hidden)
        text = TextPart.embed(docs.texts, embedder) if isinstance(embedder, TextEmbedder) else embedder
        if text is not None and not bool(torch.any(text.vectors)):
            text = None
        facts = FactTable.from_dataset(dataset, hidden)
        understanding = QueryUnderstanding.from_catalogue(dataset, hidden, template, folder)
        dense = None if text is None else _dense(text, docs, understanding.analyser, config, folder)
        content = ContentScorer.build(None if text is None else text.vectors, facts)
        return cls(
            dataset.items,
            docs,
            ItemAttributes.from_dataset(dataset, hidden),
            understanding,
            LexicalRetriever.kept(docs, understanding.analyser, config.lexical, folder),
            dense,
            None if text is None else text.encoder,
            GraphRetriever(facts, config.graph),
            PersonalRetriever(scorer or content, _popularity(dataset), content),
            _people(dataset),
        )


def _dense(
    text: TextPart, docs: Documents, analyser: Analyser, config: SearchConfig, folder: Path | None
) -> DenseRetriever:
    mean = query_mean(docs.titles, analyser, text.encoder, folder) if config.centre else None
    return DenseRetriever.build(text.vectors, config.index, mean)


def _people(dataset: Dataset) -> People:
    shape = (len(dataset.users), len(dataset.items))
    return People(dataset.users, dataset.items, UserItems.from_pairs(*dataset.interaction_rows(), shape))


def _popularity(dataset: Dataset) -> np.ndarray | None:
    """``(n_items,)`` float32 people that have each item; None without interactions."""
    if dataset.interactions.is_empty():
        return None
    distinct = dataset.interactions.select("user", "item").unique()
    counts = np.bincount(dataset.items.encode(distinct["item"]), minlength=len(dataset.items))
    return counts.astype(np.float32)
