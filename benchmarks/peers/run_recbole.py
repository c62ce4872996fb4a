"""Train one model of RecBole and write what it cost: `python run_recbole.py SETTINGS.json RESULT.json`.

Run by the peers' own Python (see environment.py), so it imports nothing of kgrec. It takes RecBole's own
loaders, models, trainers and evaluation; only the loop over epochs is here, because RecBole's does not keep
the seconds, and because its way back to the best weights does not work with torch 2.6 and later.
"""

import copy
import json
import os
import resource
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

import torch


def main(settings_path: str, result_path: str) -> None:
    """Do the job of a settings file. A peer that lacks a package is a result too; other errors are errors."""
    settings = json.loads(Path(settings_path).read_text())
    # RecBole reads the command line for settings of its own.
    sys.argv = sys.argv[:1]
    # RecBole's own code warns about pandas and torch of today at every call.
    warnings.simplefilter("ignore")
    torch.set_num_threads(settings["threads"])
    try:
        with tempfile.TemporaryDirectory() as scratch:
            # RecBole leaves logs where it is started.
            before = os.getcwd()
            os.chdir(scratch)
            result = train(settings, scratch)
            os.chdir(before)
    except ImportError as error:
        result = {"error": str(error)}
    result |= {"settings": settings, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}
    part = Path(result_path).with_suffix(".part")
    part.write_text(json.dumps(result, indent=2) + "\n")
    part.replace(result_path)


def train(settings: dict[str, Any], scratch: str) -> dict[str, Any]:
    """Train, stop early on valid where ``settings["validate"]``, judge the best epoch on test."""
    started = time.perf_counter()
    config, loaders, trainer = prepared(settings, scratch)
    train_data, valid_data, test_data = loaders
    trainer.eval_collector.data_collect(train_data)
    prepare_seconds = time.perf_counter() - started
    points: list[dict[str, Any]] = []
    best, best_epoch, best_weights = -1.0, 0, None
    seconds = with_validation = 0.0
    for epoch in range(1, config["epochs"] + 1):
        started = time.perf_counter()
        trainer._train_epoch(train_data, epoch - 1)
        spent = time.perf_counter() - started
        seconds, with_validation = seconds + spent, with_validation + spent
        point: dict[str, Any] = {"epoch": epoch}
        if settings["validate"]:
            started = time.perf_counter()
            _, metrics = trainer._valid_epoch(valid_data)
            with_validation += time.perf_counter() - started
            point["valid"] = {name: float(value) for name, value in metrics.items()}
        points.append(point | {"seconds": seconds, "seconds_with_validation": with_validation})
        now = point.get("valid", {}).get(settings["metric"], float(epoch))
        print(f"{settings['model']} epoch {epoch}: {spent:.2f} s {point.get('valid', '')}", file=sys.stderr)
        if now > best:
            best, best_epoch = now, epoch
            best_weights = copy.deepcopy(trainer.model.state_dict()) if settings["validate"] else None
        elif epoch - best_epoch >= config["stopping_step"]:
            break
    if best_weights is not None:
        trainer.model.load_state_dict(best_weights)
        forget_vectors(trainer.model)
    metrics = trainer.evaluate(test_data, load_best_model=False)
    test = {name: float(value) for name, value in metrics.items()}
    return {"points": points, "best_epoch": best_epoch, "test": test, "prepare_seconds": prepare_seconds}


def prepared(settings: dict[str, Any], scratch: str) -> tuple[Any, tuple[Any, Any, Any], Any]:
    """RecBole's configuration, its three loaders, and its trainer around a fresh model."""
    from recbole.config import Config  # type: ignore[import-not-found, unused-ignore]
    from recbole.data import (  # type: ignore[import-not-found, unused-ignore]
        create_dataset,
        data_preparation,
    )
    from recbole.utils import (  # type: ignore[import-not-found, unused-ignore]
        get_model,
        get_trainer,
        init_seed,
    )

    files = Path(settings["files"])
    sizes = json.loads((files / "sizes.json").read_text())
    values = {
        "data_path": str(files.parent),
        "benchmark_filename": ["train", "valid", "test"],
        "load_col": {
            "inter": ["user_id", "item_id"],
            "kg": ["head_id", "relation_id", "tail_id"],
            "link": ["item_id", "entity_id"],
        },
        "metrics": ["Recall", "NDCG", "MRR"],
        "topk": [10],
        "valid_metric": "Recall@10",
        "metric_decimal_place": 8,
        # RecBole's 4,096 scores a batch would mean a person at a time: as many people as kgrec ranks at once.
        # A model that scores pairs one by one (KGCN) needs a smaller value in its recipe.
        "eval_batch_size": 1024 * (sizes["items"] + 1),
        "checkpoint_dir": scratch,
        "use_gpu": False,
        "show_progress": False,
        "seed": settings["seed"],
        "epochs": settings["epochs"],
    }
    config = Config(settings["model"], files.name, config_dict=values | settings["config"])
    init_seed(config["seed"], config["reproducibility"])
    dataset = create_dataset(config)
    loaders = data_preparation(config, dataset)
    init_seed(config["seed"], config["reproducibility"])
    model = get_model(config["model"])(config, loaders[0]._dataset).to(config["device"])
    return config, loaders, get_trainer(config["MODEL_TYPE"], config["model"])(config, model)


def forget_vectors(model: Any) -> None:
    """Drop what a model keeps of its vectors between two evaluations, for its weights are others now."""
    for name in vars(model):
        if name.startswith("restore_"):
            setattr(model, name, None)


if __name__ == "__main__":
    main(*sys.argv[1:])
