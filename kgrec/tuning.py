"""Sweeps that outlive their process: Optuna's trials in a file, and how many of them are still to come."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import OmegaConf

if TYPE_CHECKING:
    from optuna.storages import RDBStorage
    from optuna.trial import FrozenTrial

log = logging.getLogger(__name__)


def study_storage(path: str) -> "RDBStorage":
    """Optuna's storage in the SQLite file ``path``; file and folder are made where absent.

    Optuna 2.10, which Hydra's sweeper needs, stamps a new file without a commit, and SQLAlchemy 2 no longer
    commits by itself: the stamp is lost and every later opening fails. So it is opened once with a commit
    after each statement, which writes the stamp, and then as usual.
    """
    from optuna.storages import RDBStorage

    Path(path).parent.mkdir(parents=True, exist_ok=True)
    url = f"sqlite:///{path}"
    RDBStorage(url, engine_kwargs={"isolation_level": "AUTOCOMMIT"}).engine.dispose()
    return RDBStorage(url)


def trials_left(path: str, study: str, wanted: int) -> int:
    """How many of ``wanted`` trials the study has still to finish.

    Hydra's sweeper runs its ``n_trials`` anew at every start, whatever the storage holds. Failed trials, and
    the one that was running when a sweep was killed, are not counted and so are made up for.
    """
    finished = sum(trial.state.name == "COMPLETE" for trial in _trials(path, study))
    if finished:
        left = max(0, wanted - finished)
        log.info("study %s in %s has %d finished trials; %d to go", study, path, finished, left)
    return max(0, wanted - finished)


def sampler_seed(path: str, study: str, seed: int) -> int:
    """``seed`` for a new study, another one for each continuation: the same would draw the same trials."""
    return seed + len(_trials(path, study))


def register_tuning_resolvers() -> None:
    """Teach Hydra ``${kgrec_trials_left:...}`` and ``${kgrec_sampler_seed:...}``."""
    OmegaConf.register_new_resolver("kgrec_trials_left", trials_left, replace=True)
    OmegaConf.register_new_resolver("kgrec_sampler_seed", sampler_seed, replace=True)


def _trials(path: str, study: str) -> "list[FrozenTrial]":
    """All trials of one study, in whatever state; none where file or study are new."""
    if not Path(path).exists():
        return []
    storage = study_storage(path)
    try:
        return storage.get_all_trials(storage.get_study_id_from_name(study), deepcopy=False)
    except KeyError:
        return []
    finally:
        storage.engine.dispose()
