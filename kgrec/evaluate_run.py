"""Judge a finished run on test, from its directory alone."""

import logging

from kgrec.config import config_from_yaml
from kgrec.evaluation.evaluator import Evaluator
from kgrec.load_run import load_pairs, load_scorer, load_vocabularies
from kgrec.run import Run
from kgrec.write_run import write_per_user

log = logging.getLogger(__name__)


def evaluate_run(run: Run) -> dict[str, float]:
    """Test metrics of a run, computed once: a run that has them keeps them."""
    metrics = run.read_json("metrics.json")
    if metrics["test"]:
        log.info("%s was judged on test already", run.path)
        found: dict[str, float] = metrics["test"]
        return found
    config = config_from_yaml(run.read_text("config.yaml"))
    scorer = load_scorer(run)
    truth, known, train = (load_pairs(run, parts) for parts in (("test",), ("train", "valid"), ("train",)))
    evaluation = Evaluator(truth, known, train, config.evaluation).evaluate(scorer)
    write_per_user(run, load_vocabularies(run)[0], evaluation)
    metrics["test"], metrics["intervals"] = evaluation.metrics, evaluation.intervals
    run.write_json("metrics.json", metrics)
    return evaluation.metrics
