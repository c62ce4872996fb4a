"""A search engine over a run, or over the catalogue of a data set that no run was made of."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import torch
from hydra import compose, initialize_config_dir

from kgrec.config import Config, register_schemas, typed_config
from kgrec.data.locate import cache_folder
from kgrec.errors import ConfigError
from kgrec.features.text import TextEmbedder
from kgrec.recommender import Recommender
from kgrec.retrieval.config import SearchConfig
from kgrec.retrieval.engine import SearchEngine
from kgrec.retrieval.search_dataset import search_dataset
from kgrec.run import LATEST
from kgrec.run_names import register_resolvers


def data_config(name: str, conf: Path) -> Config:
    """The configuration of a job on the data set that a file of ``conf/data`` describes.

    Raises:
        ConfigError: there is no such file.
    """
    known = sorted(path.stem for path in (conf / "data").glob("*.yaml"))
    # Checked here, for Hydra would read a name such as "a,b" or "x=1" as its own grammar.
    if name not in known:
        raise ConfigError(f"there is no data set {name!r}; use one of {', '.join(known)}")
    register_schemas()
    register_resolvers()
    with initialize_config_dir(str(conf.absolute()), version_base="1.3"):
        return typed_config(compose("config", overrides=[f"data={name}", "model=popularity"]))


def engine_over_data(name: str, conf: Path, search: SearchConfig) -> SearchEngine:
    """Search over a data set as it lies; the text of its items comes from the cache once it was encoded.

    Raises:
        ConfigError: there is no such data set.
        DataError: its files are missing or cannot be used.
        FeatureError: its encoder is nowhere.
    """
    return _engine_over(data_config(name, conf), search)


def _engine_over(config: Config, search: SearchConfig) -> SearchEngine:
    dataset = search_dataset(config.data)
    embedder = TextEmbedder.from_config(config.features.text, cache_folder(), torch.device("cpu"))
    folder = cache_folder() / "search"
    return SearchEngine.from_dataset(dataset, config.data.template, embedder, search, folder=folder)


def open_engine(
    data: str | None, run: str | None, runs_dir: Path, conf: Path, hide: Sequence[str], ranker: Path | None
) -> SearchEngine:
    """Search over ``data`` as ``conf`` says, or over ``run`` (the latest where neither is named) as its own
    ``search`` says.

    ``hide``: relations and columns that search may not see, beside those that the run hides already.
    ``ranker``: a learned fusion's file; without one a fusion is as configured.

    Raises:
        ConfigError: data and a run were named, or there is no such data set.
    """
    if data is not None and run is not None:
        raise ConfigError("give either --data NAME or --run RUN, not both")

    def asked(config: SearchConfig) -> SearchConfig:
        config = replace(config, hidden_relations=[*config.hidden_relations, *hide])
        return config if ranker is None else replace(config, fusion="learned", ranker=str(ranker))

    if data is not None:
        job = data_config(data, conf)
        return _engine_over(job, asked(job.search))
    recommender = Recommender.load(run or LATEST, runs_dir)
    return SearchEngine.from_run(recommender, asked(recommender.config.search))
