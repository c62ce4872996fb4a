"""What the Markdown file of a replay says."""

import polars as pl
from replay_choices import Choices
from replay_invoices import Stream, described
from replay_loop import Replay
from replay_report import known_table, main_table, span, tests_table
from replay_start import BEST_SASREC, Start

TESTED = (
    ("fold-in", "static"),
    ("fold-in + refresh", "fold-in"),
    ("fold-in", "SASRec"),
    ("kgrec fold-in", "kgrec static"),
)
"""Pairs that are compared customer by customer."""
TASKS = (
    "Tasks: `new` ranks what this customer has never bought, `repeat` what they have, `all` every item. What "
    "was bought is known live to every system, so that only scores differ. An invoice may hold more than 20 "
    "items, so that even the best list can have a recall@20 below 1; a customer with 20 items or fewer has a "
    "`repeat` of 1 by any order."
)
SYSTEMS = (
    "`static` is EASE with the histories of the cut (who came later gets what was popular then), `fold-in` "
    "the same weights on live histories, `+ refresh` fits them anew before the first invoice of a day, "
    "`+ habits` adds the logarithm of the customer's own counts to it (its time comes on top of the "
    "refresh's). `SASRec` has the weights of the cut and reads the live sequence; it learns the next item, "
    "most often one of the same invoice. `kgrec` is the flagship on titles, for there are no facts. Items "
    "first sold after the cut can be recommended only by what is counted live or refreshed. Seconds are "
    "those of two CPU cores that had other work as well."
)


def page(stream: Stream, found: Replay, start: Start, choices: Choices) -> str:
    """Data, protocol, tables, choices."""
    names = [system.name for system in start.systems]
    return "\n\n".join(
        [
            _data(stream, found.judged),
            TASKS,
            SYSTEMS,
            "Invoices of customers who had bought before:",
            main_table(found, start.seconds),
            "By when the customer came:",
            known_table(found.judged, names),
            "Paired over customers, each the mean of their invoices, with 95% bootstrap intervals and "
            "p-values by sign flips:",
            tests_table(found.judged, TESTED),
            "Chosen on the first part (models of its first four fifths, the rest predicted): "
            f"l2 {choices.ease.l2:g} by new, {choices.weeks:g} weeks by new, habits x {choices.habit:g} by "
            f"all; SASRec: {BEST_SASREC}, by its own valid part (`replay.py --tune-sasrec`).",
            _tried(choices),
            "![Weekly recall and cost](replay-online-retail.png)",
        ]
    )


def _data(stream: Stream, judged: pl.DataFrame) -> str:
    invoices = judged.unique("invoice")
    first, unknown = invoices.filter(pl.col("bought") == 0), invoices.filter(~pl.col("known"))
    return (
        f"Online Retail II: {described(stream)}. Models are trained on the first half of the invoices; "
        f"{invoices.height:,}, {span(judged)}, are predicted whole, each from what was before it: "
        f"{first.height:,} of them are "
        "first invoices of their customer, for whom every model falls back on what was popular when it was "
        f"last fitted; {unknown.height:,} are of customers whom the models of the cut have never seen."
    )


def _tried(choices: Choices) -> str:
    lines = ["| tried, recall@20 | new | repeat | all |", "|---|---|---|---|"]
    for system, *values in choices.tried.iter_rows():
        lines.append(f"| {system} | {' | '.join(f'{value:.4f}' for value in values)} |")
    return "\n".join(lines)
