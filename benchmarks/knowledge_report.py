"""Correct the declared tests of a family together, and write what each source of knowledge is worth."""

from pathlib import Path

import polars as pl
from knowledge_jobs import FOLDER, Declaration, read_declaration
from knowledge_tests import SCHEMA

from kgrec.comparison.intervals import Interval, write_intervals
from kgrec.evaluation.significance import holm
from kgrec.files import atomic_path
from kgrec.text_tables import markdown_table

HEADER = ("model", "test items", "users", "with", "without", "difference", "95% interval", "p", "p (Holm)")


def write_reports(name: str, results: pl.DataFrame, folder: Path, declarations: Path = FOLDER) -> str:
    """Write the results of declaration ``name``, and those of its family anew with their corrected p-values.

    Markdown, CSV and PNG each, as ``folder/knowledge-NAME``. The family's other results are read from their
    CSV files. Returns the Markdown of ``name``.
    """
    family = [name, *read_declaration(name, declarations).declared["family"]]
    found = {each: read_results(path) for each in family if (path := _path(folder, each)).is_file()}
    found[name] = results
    declared = {each: read_declaration(each, declarations) for each in family}
    found, waits_for = corrected(found, declared)
    for each, frame in found.items():
        _write(_path(folder, each), frame, markdown(declared[each], frame, waits_for))
    return markdown(declared[name], found[name], waits_for)


def corrected(
    found: dict[str, pl.DataFrame], declared: dict[str, Declaration]
) -> tuple[dict[str, pl.DataFrame], list[str]]:
    """The results with Holm's p-values over every declared test of ``declared``, and what is not tested yet.

    A family is corrected whole or not at all: Holm over the half that is done would be too kind.
    """
    waits_for = sorted(
        name
        for name, one in declared.items()
        if len(one.tests) != (found[name]["declared"].sum() if name in found else 0)
    )
    whole = pl.concat([frame.with_columns(name=pl.lit(name)) for name, frame in found.items()])
    p_holm: list[float | None] = [None] * whole.height
    if not waits_for:
        places = [place for place, is_declared in enumerate(whole["declared"]) if is_declared]
        for place, p in zip(places, holm(whole["p"].gather(places).to_list()), strict=True):
            p_holm[place] = p
    whole = whole.with_columns(pl.Series("p_holm", p_holm, dtype=pl.Float64))
    return {name: whole.filter(pl.col("name") == name).select(list(SCHEMA)) for name in found}, waits_for


def markdown(declared: Declaration, results: pl.DataFrame, waits_for: list[str]) -> str:
    """A table a source of knowledge, under the declaration's note."""
    parts = [declared.note.strip(), _legend(declared, waits_for)]
    for contrast, (name_with, name_without) in declared.contrasts.items():
        rows = [
            (
                each["model"], each["group"], each["users"], each["with"], each["without"],
                f"{each['difference']:+.4f}", f"[{each['low']:+.4f}, {each['high']:+.4f}]", each["p"],
                _holm_cell(each),
            )
            for each in results.filter(pl.col("contrast") == contrast).iter_rows(named=True)
        ]  # fmt: skip
        if rows:
            parts += [f"**{contrast}**: {name_with} - {name_without}", markdown_table(HEADER, rows)]
    return "\n\n".join(parts) + "\n"


def _legend(declared: Declaration, waits_for: list[str]) -> str:
    crossed = "every seed under every shuffle" if declared.crossed else "one shuffle a seed"
    family = ", ".join(declared.declared["family"])
    unit = (
        f"Test {declared.metric}; the unit is a user, averaged over seeds {declared.seeds} and, where facts "
        f"are shuffled, shuffles {declared.shuffles} ({crossed}). 95% bootstrap intervals and sign-flip "
        "p-values over users: what other seeds would add is in neither. rare: the least popular items, "
        "together a fifth of the interactions; cold: items without any; a group that no test item is in has "
        "no row. "
    )
    if not declared.tests:
        return unit + "Nothing was declared: all of it is exploratory and not corrected."
    text = (
        f"{unit}Declared before the runs: {len(declared.tests)} tests of {declared.flagship}, corrected by "
        f"Holm over the family of {family}; all else is exploratory and not corrected."
    )
    return text + (f" Open until these are tested as well: {', '.join(waits_for)}." if waits_for else "")


def _holm_cell(row: dict[str, float]) -> str:
    if not row["declared"]:
        return "exploratory"
    return "open" if row["p_holm"] is None else f"{row['p_holm']:.4f}"


def read_results(path: Path) -> pl.DataFrame:
    """A CSV file of results."""
    return pl.read_csv(path, schema=SCHEMA)


def _write(path: Path, results: pl.DataFrame, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    for target, content in ((path, results.write_csv()), (path.with_suffix(".md"), text)):
        with atomic_path(target) as part:
            part.write_text(content, encoding="utf-8")
    panels = {
        contrast: [
            Interval(f"{each['model']}, {each['group']}", each["difference"], each["low"], each["high"])
            for each in results.filter(pl.col("contrast") == contrast).iter_rows(named=True)
        ]
        for contrast in results["contrast"].unique(maintain_order=True)
    }
    write_intervals(panels, "difference, with its 95% interval", path.with_suffix(".png"))


def _path(folder: Path, name: str) -> Path:
    return folder / f"knowledge-{name}.csv"
