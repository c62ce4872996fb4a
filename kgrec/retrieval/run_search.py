"""What a search needs of a run directory, read back from its files alone."""

import hashlib
import logging

import torch

from kgrec.config import Config
from kgrec.data.dataset import Dataset
from kgrec.data.locate import cache_folder
from kgrec.features.text import TextEmbedder
from kgrec.load_run import load_dataset
from kgrec.retrieval.config import SearchConfig
from kgrec.retrieval.documents import documents
from kgrec.retrieval.pieces import TextPart
from kgrec.retrieval.query_encoder import QueryEncoder
from kgrec.run import Run

log = logging.getLogger(__name__)

FILE, KEY = "text.safetensors", "item_vectors"


def run_dataset(run: Run) -> Dataset:
    """The run's data set, where train and valid are everybody's past and the test part never happened."""
    return load_dataset(run, ("train", "valid"))


def run_text(run: Run, config: Config, dataset: Dataset, search: SearchConfig) -> TextPart | None:
    """Text vectors of the run's items by its own encoder; None where the run has text switched off.

    Encoded at the first search and kept in the run (``text.safetensors``, under a hash of encoder and texts),
    so that a later search, on another machine as well, encodes queries only.

    Raises:
        FeatureError: the encoder is not on this machine, and queries could not be encoded.
    """
    if not config.features.text.enabled:
        return None
    embedder = TextEmbedder.from_config(config.features.text, cache_folder(), torch.device("cpu"))
    texts = documents(dataset, config.data.template, search.hidden_relations).texts
    if not any(texts):
        return None
    name = f"{KEY}.{_fingerprint(embedder, texts)}"
    if run.has(FILE) and name in (kept := run.read_tensors(FILE)):
        return TextPart(kept[name], QueryEncoder(embedder.encoders))
    part = TextPart.embed(texts, embedder)
    try:
        run.write_tensors(FILE, {name: part.vectors})
    except OSError as error:
        log.warning("the items' text vectors cannot be kept in %s (%s)", run.path, error)
    return part


def _fingerprint(embedder: TextEmbedder, texts: list[str]) -> str:
    digest = hashlib.sha256()
    for encoder in embedder.encoders:
        digest.update(f"{encoder.fingerprint}\0{encoder.prefix('passage')}\0".encode())
    for text in texts:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()[:16]
