"""Filtered link prediction, judged twice: by OGB's evaluator and by PyKEEN's.

A held-out triple (h, r, t) is ranked among all (h, r, x) and all (x, r, t); other triples known to be true
are no candidates. Ties: the optimistic rank puts the true triple first among equals, the pessimistic rank
last, the realistic rank is the mean of both. OGB's MRR and hits use the realistic rank, and PyKEEN reports
all three, so OGB's numbers are PyKEEN's ``both.realistic``. A model that scores everything alike has an
optimistic MRR of 1: never report that one alone.
"""

import sys
from typing import Any

import torch
from torch import Tensor

from kgrec.features.config import KGEConfig
from kgrec.features.kge import train_kge
from kgrec.features.third_party import quiet_imports, quiet_logs

HELD_OUT = 0.1
_TIES = ("optimistic", "realistic", "pessimistic")
_BATCH = 128


def held_out_link_prediction(
    factory: Any, config: KGEConfig, seed: int, device: torch.device
) -> dict[str, float]:
    """Train anew on nine tenths of the triples, rank a sample of the rest; every entity stays in training."""
    with quiet_logs():
        train, test = factory.split([1.0 - HELD_OUT, HELD_OUT], random_state=seed)
    model = train_kge(train, config, seed, device)
    held_out = sample_triples(test.mapped_triples, config.evaluate_sample, seed)
    return link_prediction(model, held_out, factory.mapped_triples)


def sample_triples(triples: Tensor, n: int, seed: int) -> Tensor:
    """``n`` distinct rows of ``triples`` ``(m, 3)``, or all of them where n is 0 or not below m."""
    if n <= 0 or n >= len(triples):
        return triples
    chosen = torch.randperm(len(triples), generator=torch.Generator().manual_seed(seed))[:n]
    return triples[chosen]


def link_prediction(model: Any, held_out: Tensor, known: Tensor) -> dict[str, float]:
    """Filtered metrics of ``held_out`` ``(m, 3)``; ``known`` ``(n, 3)`` are all triples known to be true.

    Keys: ``ogb/mrr``, ``ogb/hits@{1,3,10}``, and PyKEEN's ``pykeen/<ties>/mrr`` and ``.../hits@{1,3,10}`` for
    the three ways of breaking ties. Cost: two passes of m x 2 x n_entities scores, in batches of 128 triples.
    """
    return ogb_metrics(model, held_out, known) | pykeen_metrics(model, held_out, known)


@torch.inference_mode()
def ogb_metrics(model: Any, held_out: Tensor, known: Tensor) -> dict[str, float]:
    """Mean over both sides of OGB's filtered MRR and hits."""
    quiet_imports()
    from ogb.linkproppred import Evaluator

    evaluator = Evaluator(name="ogbl-wikikg2")
    device = next(model.parameters()).device
    known = known.to(device)
    lists: dict[str, list[Tensor]] = {}
    for batch in held_out.to(device).split(_BATCH):
        for side in ("head", "tail"):
            positive, negative = filtered_scores(model, batch, known, side)
            result = evaluator.eval({"y_pred_pos": positive, "y_pred_neg": negative})
            for name, values in result.items():
                lists.setdefault(f"ogb/{name.removesuffix('_list')}", []).append(values)
    return {name: float(torch.cat(values).mean()) for name, values in lists.items()}


def pykeen_metrics(model: Any, held_out: Tensor, known: Tensor) -> dict[str, float]:
    """PyKEEN's filtered MRR and hits over both sides, for every way of breaking ties."""
    quiet_imports()
    from pykeen.evaluation import RankBasedEvaluator

    with quiet_logs():
        result = RankBasedEvaluator(filtered=True).evaluate(
            model=model,
            mapped_triples=held_out,
            additional_filter_triples=[known],
            batch_size=_BATCH,
            tqdm_kwargs={"file": sys.stderr, "disable": None, "delay": 1.0},
        )
    names = {"mrr": "inverse_harmonic_mean_rank"} | {f"hits@{k}": f"hits_at_{k}" for k in (1, 3, 10)}
    return {
        f"pykeen/{ties}/{name}": float(result.get_metric(f"both.{ties}.{metric}"))
        for ties in _TIES
        for name, metric in names.items()
    }


def filtered_scores(model: Any, batch: Tensor, known: Tensor, side: str) -> tuple[Tensor, Tensor]:
    """Scores ``(b,)`` of ``batch`` ``(b, 3)`` and ``(b, n_entities)`` of its corruptions on one side.

    Rows of OGB's negatives have one length, so a candidate that is filtered out scores minus infinity: it is
    then below every positive and counts in no rank.
    """
    target, kept = (0, [1, 2]) if side == "head" else (2, [0, 1])
    scores: Tensor = model.predict_h(batch[:, 1:]) if side == "head" else model.predict_t(batch[:, :2])
    positive = scores.gather(1, batch[:, target : target + 1]).squeeze(1)
    # (n_known, b) of booleans, one byte each: 90,000 triples against a batch of 128 take 11 MB.
    same = (known[:, None, kept[0]] == batch[:, kept[0]]) & (known[:, None, kept[1]] == batch[:, kept[1]])
    triple, row = same.nonzero(as_tuple=True)
    negative = scores.clone()
    negative[row, known[triple, target]] = -torch.inf
    negative.scatter_(1, batch[:, target : target + 1], -torch.inf)
    return positive, negative
