"""Ratios that matter, in one run: `python benchmarks/speed.py` (steps, ranking, scaling; about ten minutes).

Absolute times are the machine's; ratios are measured side by side, each case in a process of its own, the
cases taking turns. Writes Markdown and JSON under benchmarks/results/.
"""

import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import torch
import typer
from speed_cases import CASES, DIM, HUGE_PAGES, N_ITEMS, N_PAIRS, N_USERS
from speed_scaling import epoch_scaling, ranking_ratio

from kgrec.progress import progress
from kgrec.text_tables import markdown_table

RESULTS = Path(__file__).resolve().parent / "results"
MAIN = "kgrec"
BASELINE = "PyG edge_index"


def main(
    rounds: Annotated[int, typer.Option(min=1, help="How often each case takes its turn.")] = 3,
    output: Annotated[Path, typer.Option(help="Where the results are written.")] = RESULTS,
) -> None:
    """Measure and write benchmarks/results/speed.md and speed.json."""
    started = time.perf_counter()
    results: dict[str, Any] = {
        "machine": f"{platform.machine()}, {torch.get_num_threads()} threads, torch {torch.__version__}",
        "steps": measure_steps(rounds),
        "ranking": ranking_ratio(),
        "scaling": epoch_scaling(),
    }
    results["seconds"] = time.perf_counter() - started
    report = markdown(results)
    output.mkdir(parents=True, exist_ok=True)
    (output / "speed.json").write_text(json.dumps(results, indent=2) + "\n")
    (output / "speed.md").write_text(report)
    print(report)


def measure_steps(rounds: int) -> dict[str, dict[str, float]]:
    """Median seconds a step and peak memory of every case, the cases taking turns."""
    turns = [name for _ in range(rounds) for name in CASES]
    seconds: dict[str, list[float]] = {name: [] for name in CASES}
    peaks: dict[str, float] = {}
    for name in progress(turns, desc="steps", unit="case"):
        command = [sys.executable, str(Path(__file__).with_name("speed_cases.py")), name]
        # PyG as it comes, without the setting that importing kgrec makes, and once more with it.
        pages = "1" if name == MAIN or name.endswith(HUGE_PAGES) else "0"
        environment = {**os.environ, "THP_MEM_ALLOC_ENABLE": pages}
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
        if done.returncode:
            raise RuntimeError(f"{name} failed:\n{done.stderr[-2000:]}")
        measured = json.loads(done.stdout)
        seconds[name] += measured["seconds"]
        peaks[name] = max(peaks.get(name, 0.0), measured["peak_gib"])
    return {name: {"seconds": median(seconds[name]), "peak_gib": peaks[name]} for name in CASES}


def markdown(results: dict[str, Any]) -> str:
    """The report: three tables with the ratios."""
    steps, ranking = results["steps"], results["ranking"]
    ours = steps[MAIN]
    step_rows = [
        (name, f"{row['seconds']:.3f}", f"{row['seconds'] / ours['seconds']:.1f}", f"{row['peak_gib']:.2f}",
         f"{row['peak_gib'] / ours['peak_gib']:.1f}")
        for name, row in sorted(steps.items(), key=lambda pair: pair[1]["seconds"])
    ]  # fmt: skip
    scaling_rows = [
        (f"{row['edges']:,}", f"{row['nodes']:,}", row["steps"], f"{row['seconds']:.1f}",
         f"{1e6 * row['seconds'] / row['edges']:.2f}")
        for row in results["scaling"]
    ]  # fmt: skip
    lines = [
        f"Machine: {results['machine']}. {results['seconds'] / 60:.0f} minutes in all.",
        "",
        f"**A training step** of LightGCN ({DIM} dims, {N_USERS + N_ITEMS:,} nodes, "
        f"{2 * N_PAIRS / 1e6:.2f} million directed edges, BPR on 16,384 pairs). kgrec asks torch for huge "
        "pages; PyG does as it comes, and once more with the same setting:",
        "",
        markdown_table(("", "s / step", "times kgrec's", "peak GiB", "times kgrec's"), step_rows),
        "",
        f"**Full ranking** of {N_USERS:,} users over {N_ITEMS:,} items at k=20, seen items masked: "
        f"{ranking['rank_seconds']:.1f} s; the bare matrix products plus top-k: "
        f"{ranking['bare_seconds']:.1f} s; ratio {ranking['ratio']:.2f}.",
        "",
        "**An epoch** of LightGCN over graphs that grow (32 steps an epoch, batches grow with the graph):",
        "",
        markdown_table(("directed edges", "nodes", "steps", "s / epoch", "s / million edges"), scaling_rows),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    typer.run(main)
