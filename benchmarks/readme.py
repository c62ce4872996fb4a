"""Put what the benchmarks wrote into the README: `python benchmarks/readme.py`. A test fails when they
differ."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SECTIONS = {
    "results": "ml-100k.md",
    "ifashion": "ifashion.md",
    "peers-lastfm": "peers-lastfm.md",
    "peers-ml-100k": "peers-ml-100k.md",
    "explanation": "explanation-dbbook2014.md",
    "explanation-judged": "explanation-dbbook2014-other-seed.md",
    "service-load": "service-load.md",
    "durability": "durability.md",
    "service-malformed": "service-malformed.md",
    "replay": "replay-online-retail.md",
    "cold-start": "cold-start.md",
    "lastfm": "lastfm.md",
    "lastfm-slow": "lastfm-slow.md",
    "lastfm-paper": "lastfm-paper.md",
    "dbbook2014": "dbbook2014.md",
    "zh-titles": "search-zh-titles.md",
    "zh-shop": "search-zh-shop.md",
    "retrotech": "search-retrotech.md",
    "search-latency": "search-latency.md",
    "search-vectors": "search-vectors.md",
    "product-search": "search-amazon-magazines.md",
    "speed": "speed.md",
}

UNTIL = {"replay": "By when the customer came:", "cold-start": "People: "}
"""Of long results the README shows what stands before this."""


def main() -> None:
    """Rewrite the generated sections of README.md."""
    path = ROOT / "README.md"
    path.write_text(generated(path.read_text()))


def generated(text: str) -> str:
    """The README with every section between ``<!-- NAME:begin -->`` and ``<!-- NAME:end -->`` made anew."""
    for name, file in SECTIONS.items():
        begin, end = f"<!-- {name}:begin -->\n", f"<!-- {name}:end -->"
        before, rest = text.split(begin)
        _, after = rest.split(end)
        shown = (ROOT / "benchmarks" / "results" / file).read_text()
        if name in UNTIL:
            shown = shown.split(UNTIL[name])[0] + f"The rest stands in `benchmarks/results/{file}`.\n"
        text = before + begin + shown + end + after
    return text


if __name__ == "__main__":
    main()
