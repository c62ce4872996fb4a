"""A report as one HTML page that needs nothing else: no network, no scripts, pictures inside."""

import base64
from html import escape
from pathlib import Path

from kgrec.comparison.figures import write_figures
from kgrec.comparison.markdown import PICTURES, markdown
from kgrec.comparison.report import Report
from kgrec.comparison.tables import Table, report_tables
from kgrec.files import atomic_path

STYLE = """
body { font: 16px/1.45 system-ui, sans-serif; margin: 0 auto; padding: 1rem; max-width: 60rem;
       color: #222; background: #fff; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; border-bottom: 1px solid #ccc; text-align: left; vertical-align: top;
         white-space: nowrap; }
th:first-child, td:first-child { position: sticky; left: 0; background: #fff; }
td.long { white-space: normal; min-width: 18rem; }
tr.baseline td { font-weight: 600; }
img { width: 100%; max-width: 44rem; height: auto; }
p.note { color: #555; font-size: .9rem; }
"""
LONG = 40
"""A cell with more characters may break into lines."""


def write_report(report: Report, folder: Path) -> None:
    """compare.md, compare.html, curves.png and time.png into ``folder``, which is made where absent."""
    pictures = write_figures(report, folder)
    for name, text in {
        "compare.md": markdown(report, pictures),
        "compare.html": page(report, {name: (folder / name).read_bytes() for name in pictures}),
    }.items():
        with atomic_path(folder / name) as part:
            part.write_text(text, encoding="utf-8")


def page(report: Report, pictures: dict[str, bytes]) -> str:
    """The whole page as text; ``pictures`` are PNG files by name."""
    sections = [_section(table, report.baseline.label) for table in report_tables(report)]
    for name, content in pictures.items():
        source = f"data:image/png;base64,{base64.b64encode(content).decode()}"
        title = escape(PICTURES[name])
        sections.append(
            f'<h2>{title}</h2>\n<img src="{source}" alt="{title}; its figures are in the tables">'
        )
    if report.notes:
        items = "\n".join(f"<li>{escape(note)}</li>" for note in report.notes)
        sections.append(f"<h2>Notes</h2>\n<ul>\n{items}\n</ul>")
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Comparison</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>Comparison</h1>\n"
        + "\n".join(sections)
        + "\n</body>\n</html>\n"
    )


def _section(table: Table, baseline: str) -> str:
    head = "".join(f"<th>{escape(name)}</th>" for name in table.header)
    rows = []
    for row in table.rows:
        mark = ' class="baseline"' if row[0] == baseline else ""
        rows.append(f"<tr{mark}>{''.join(map(_cell, row))}</tr>")
    note = f'<p class="note">{escape(table.note)}</p>\n' if table.note else ""
    body = "\n".join(rows)
    return (
        f"<h2>{escape(table.title)}</h2>\n{note}"
        f'<div class="wide"><table>\n<thead><tr>{head}</tr></thead>\n'
        f"<tbody>\n{body}\n</tbody>\n</table></div>"
    )


def _cell(text: str) -> str:
    mark = ' class="long"' if len(text) > LONG else ""
    return f"<td{mark}>{escape(text)}</td>"
