"""What was declared about knowledge before anything ran, and the runs that it asks for."""

from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any, cast

from omegaconf import OmegaConf
from reproduce import Job, composed

from kgrec.config import Config
from kgrec.models.config import LateFusionConfig
from kgrec.models.factory import needs_features

FOLDER = Path(__file__).resolve().parent / "knowledge"


@dataclass(frozen=True)
class Declaration:
    """A file of benchmarks/knowledge, key by key."""

    note: str
    """Stands above the report."""
    base: list[str]
    """Overrides of every run."""
    metric: str
    """``recall@20``: of each user, on the test part."""
    seeds: list[int]
    """First weights and batches of every variant."""
    shuffles: list[int]
    """Seeds of the shuffle, of shuffled variants alone."""
    crossed: bool
    """Whether every seed stands under every shuffle; if not, the first under the first and so on."""
    groups: list[str]
    """all, rare, cold: see group_values."""
    flagship: str
    """The model that the declared tests are about; all others are exploratory."""
    models: dict[str, list[str]]
    """Label of a model: overrides."""
    variants: dict[str, list[str]]
    """What a model may know: overrides."""
    contrasts: dict[str, list[str]]
    """A source of knowledge: the variant with it, the variant without it."""
    declared: dict[str, list[str]]
    """``contrasts`` and ``groups`` that are tested, and the ``family`` of declarations corrected together."""

    @property
    def tests(self) -> list[tuple[str, str]]:
        """Contrast and group of every declared test."""
        return list(product(self.declared["contrasts"], self.declared["groups"]))


def read_declaration(name: str, folder: Path = FOLDER) -> Declaration:
    """The declaration called ``name``.

    Raises:
        ValueError: it declares tests of what it does not hold, or pairs more seeds than shuffles or fewer.
    """
    plain = cast(dict[str, Any], OmegaConf.to_container(OmegaConf.load(folder / f"{name}.yaml")))
    found = Declaration(**plain)
    if not found.crossed and len(found.seeds) != len(found.shuffles):
        raise ValueError(f"{name}: {len(found.seeds)} seeds and {len(found.shuffles)} shuffles are no pairs")
    known = {"contrasts": set(found.contrasts), "groups": set(found.groups)}
    for kind, names in known.items():
        if not set(found.declared[kind]) <= names:
            raise ValueError(f"{name}: declared.{kind} is {found.declared[kind]}, but there are {names}")
    if found.tests and name not in found.declared["family"]:
        raise ValueError(f"{name}: its declared tests are not in its own family")
    return found


def knowledge_jobs(declared: Declaration, models: list[str], folder: Path) -> dict[str, dict[str, list[Job]]]:
    """Model -> variant -> its runs; a variant that changes nothing of a model is left out."""
    return {model: _variants(declared, model, folder / _name(model)) for model in models}


def _variants(declared: Declaration, model: str, folder: Path) -> dict[str, list[Job]]:
    jobs: dict[str, list[Job]] = {}
    full: Config | None = None
    for variant, overrides in declared.variants.items():
        config = composed([*declared.base, *declared.models[model], *overrides])
        full = full or config
        if config.features != full.features and not reads_features(config):
            continue
        jobs[variant] = [
            Job(
                f"{model}, {variant}",
                seed,
                replace(config, seed=seed, kg_seed=shuffle),
                folder / _name(variant) / f"{seed}-{shuffle}",
            )
            for seed, shuffle in repetitions(declared, config.kg == "shuffled")
        ]
    return jobs


def repetitions(declared: Declaration, shuffled: bool) -> list[tuple[int, int]]:
    """Seed and shuffle of every run of a variant; without a shuffle its seed is 0 and is not read."""
    if not shuffled:
        return [(seed, 0) for seed in declared.seeds]
    if declared.crossed:
        return list(product(declared.seeds, declared.shuffles))
    return list(zip(declared.seeds, declared.shuffles, strict=True))


def reads_features(config: Config) -> bool:
    """Whether text and embeddings of facts reach the model or a member of the fusion."""
    fused = isinstance(config.model, LateFusionConfig)
    return any(needs_features(each) for each in (config.model.members.values() if fused else [config.model]))


def _name(label: str) -> str:
    return label.replace(" ", "_")
