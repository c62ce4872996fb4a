"""Which sides of knowledge a model may see, and how kgrec's own fit is asked for it."""

import tempfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from hydra import compose, initialize_config_dir

from kgrec.config import Config, register_schemas, typed_config
from kgrec.data.locate import cache_folder
from kgrec.fitted import Fitted, Places
from kgrec.fitting import fit
from kgrec.prepare import Prepared
from kgrec.run_names import register_resolvers

CONF = Path(__file__).resolve().parent.parent.parent / "conf"
SIDES: Mapping[str, tuple[str, ...]] = {
    "text": ("kg=none",),
    "facts": ("features.text.enabled=false",),
    "both": (),
    "none": ("kg=none", "features.text.enabled=false"),
}
"""What the flagship knows of items beside interactions."""
LAYERS: Mapping[str, tuple[str, ...]] = {
    "init": (),
    "frozen": ("features.mode=frozen", "features.fusion.free=false"),
}
"""First layers: free vectors that start at the features, or learned maps of the features alone."""


def job(data: str, *overrides: str) -> Config:
    """kgrec's configuration with ``overrides``."""
    register_schemas()
    register_resolvers()
    with initialize_config_dir(str(CONF), version_base="1.3"):
        return typed_config(compose("config", overrides=[f"data={data}", *overrides]))


def fitted(config: Config, prepared: Prepared) -> Fitted:
    """Fit on train, choose the epoch on valid."""
    config = replace(config, evaluation=replace(config.evaluation, ks=[20], metrics=["recall", "ndcg"]))
    with tempfile.TemporaryDirectory() as folder:
        return fit(config, prepared, Places(Path(folder), cache_folder(), torch.device("cpu")))
