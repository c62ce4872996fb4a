"""Knowledge-graph embeddings, trained by PyKEEN."""

import gc
import random
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor

from kgrec.errors import FeatureError
from kgrec.features.config import KGEConfig
from kgrec.features.knowledge_graph import LabelledGraph
from kgrec.features.third_party import quiet_imports, quiet_logs

# Where another loss than the model's own is the better default; see KGEConfig.loss.
_LOSSES = {"TransE": "nssa"}


def triples_factory(graph: LabelledGraph) -> Any:
    """PyKEEN's view of a graph; it keeps the labels, by which rows are matched later."""
    quiet_imports()
    from pykeen.triples import TriplesFactory

    return TriplesFactory(
        mapped_triples=torch.from_numpy(graph.triples),
        entity_to_id={label: row for row, label in enumerate(graph.labels)},
        relation_to_id={label: row for row, label in enumerate(graph.relations)},
    )


def train_kge(factory: Any, config: KGEConfig, seed: int, device: torch.device) -> Any:
    """Train a PyKEEN model on all triples of ``factory`` with sampled negatives; returns the model.

    TransE (Bordes et al. 2013, https://papers.nips.cc/paper/5071) scores ``-|h + r - t|``, DistMult
    (https://arxiv.org/abs/1412.6575) ``sum h r t``, ComplEx (https://arxiv.org/abs/1606.06357) its complex
    form, RotatE (https://arxiv.org/abs/1902.10197) ``-|h * r - t|`` with ``|r_i| = 1``. Equal seeds give
    equal models on one machine. The caller's random state is as it was, though PyKEEN seeds globally.

    Raises:
        FeatureError: PyKEEN does not know the model or the loss, cannot build it from a dimension alone,
            or the model has no plain embedding of entities.
    """
    quiet_imports()
    from pykeen.training import SLCWATrainingLoop
    from pykeen.training.training_loop import NonFiniteLossError

    with quiet_logs(), _own_randomness(seed, device), _cheap_collections():
        model = _build(factory, config, seed).to(device)
        _entity_embedding(model, config.model)
        loop = SLCWATrainingLoop(
            model=model,
            triples_factory=factory,
            optimizer="Adam",
            optimizer_kwargs={"lr": config.lr, "fused": True},
            # Off: it would train an epoch's first batches just to see whether the batch size fits.
            automatic_memory_optimization=False,
            negative_sampler_kwargs={"num_negs_per_pos": config.negatives},
        )
        try:
            loop.train(
                factory,
                num_epochs=config.epochs,
                batch_size=config.batch_size,
                use_tqdm_batch=False,
                tqdm_kwargs={"file": sys.stderr, "disable": None, "delay": 1.0},
                pin_memory=device.type == "cuda",
            )
        except NonFiniteLossError as error:
            raise _diverged(config.model) from error
    return model.eval()


@torch.no_grad()
def entity_vectors(model: Any, name: str) -> Tensor:
    """Entity embeddings ``(n_entities, d)``, float32; complex ones as reals ``(n_entities, 2 d)``.

    Of a model with several representations an entity (a projection, a bias) this is the first.
    """
    vectors = _entity_embedding(model, name)(indices=None)
    if vectors.is_complex():
        vectors = torch.view_as_real(vectors)
    vectors = vectors.flatten(start_dim=1).float()
    if not torch.isfinite(vectors).all():
        raise _diverged(name)
    return vectors.detach()


def _diverged(name: str) -> FeatureError:
    return FeatureError(f"{name} diverged: its loss or its embeddings are not finite; lower features.kge.lr")


def _build(factory: Any, config: KGEConfig, seed: int) -> Any:
    from pykeen.losses import loss_resolver
    from pykeen.models import model_resolver

    try:
        cls = model_resolver.lookup(config.model)
    except (KeyError, TypeError, ValueError) as error:
        names = ", ".join(sorted(c.__name__ for c in model_resolver.lookup_dict.values()))
        raise FeatureError(f"features.kge.model is {config.model!r}; PyKEEN knows {names}") from error
    try:
        name = config.loss or _LOSSES.get(cls.__name__)
        loss = None if name is None else loss_resolver.lookup(name)
    except (KeyError, TypeError, ValueError) as error:
        names = ", ".join(sorted(loss_resolver.lookup_dict))
        raise FeatureError(f"features.kge.loss is {config.loss!r}; PyKEEN knows {names}") from error
    try:
        return cls(triples_factory=factory, embedding_dim=config.dim, loss=loss, random_seed=seed)
    # Some forty classes, each with its own complaint.
    except Exception as error:
        raise FeatureError(
            f"PyKEEN cannot build {config.model} from embedding_dim={config.dim} alone: {error}; "
            "choose TransE, DistMult, ComplEx or RotatE in features.kge.model"
        ) from error


def _entity_embedding(model: Any, name: str) -> Any:
    from pykeen.nn.representation import Embedding

    representations = getattr(model, "entity_representations", None)
    if not representations or not isinstance(representations[0], Embedding):
        raise FeatureError(
            f"{name} has no plain embedding of entities to use as features; "
            "choose TransE, DistMult, ComplEx or RotatE in features.kge.model"
        )
    return representations[0]


@contextmanager
def _own_randomness(seed: int, device: torch.device) -> Iterator[None]:
    """Seed Python, numpy and torch for PyKEEN, and put back what they were."""
    python, numpy = random.getstate(), np.random.get_state()
    devices = [device] if device.type == "cuda" else []
    with torch.random.fork_rng(devices=devices):
        random.seed(seed)
        np.random.seed(seed % 2**32)
        torch.manual_seed(seed)
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)


@contextmanager
def _cheap_collections() -> Iterator[None]:
    """Take what exists out of garbage collection for a while.

    PyKEEN collects garbage after every epoch, which walks over every object of the process: half a second
    where torch and PyKEEN are loaded, several times a small graph's epoch.
    """
    frozen_before = gc.get_freeze_count()
    gc.freeze()
    try:
        yield
    finally:
        if frozen_before == 0:
            gc.unfreeze()
