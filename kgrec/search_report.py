"""A search answer on standard output: for programs or for people."""

import json

from kgrec.retrieval.answer import SearchAnswer, SearchHit
from kgrec.text_tables import text_table


def show(answer: SearchAnswer, as_json: bool, explain: bool) -> None:
    """One answer: hits, then facets where they were counted."""
    if as_json:
        for line in json_lines(answer):
            print(line)
        return
    print(f"query {printable(answer.query.text)}" if answer.query.text else "no query: recommendations")
    if answer.query.corrected:
        print("read as " + answer.query.rewritten)
    rows = [(rank, hit.item, hit.score, hit.title or "") for rank, hit in enumerate(answer.hits, start=1)]
    print(text_table(("rank", "item", "score", "title"), rows))
    if explain:
        print("\n".join(f"{rank}. {reasons(hit)}" for rank, hit in enumerate(answer.hits, start=1)))
    for name, values in answer.facets.items():
        print(f"{name}: " + ", ".join(f"{value} ({count})" for value, count in values))


def json_lines(answer: SearchAnswer) -> list[str]:
    """One object a hit, and one with the facets where they were counted."""
    query = {"query": printable(answer.query.text)}
    records = [query | {"rank": rank} | hit.record() for rank, hit in enumerate(answer.hits, start=1)]
    if answer.facets:
        records.append(query | {"facets": {name: dict(pairs) for name, pairs in answer.facets.items()}})
    return [json.dumps(record, ensure_ascii=False) for record in records]


def reasons(hit: SearchHit) -> str:
    """Retrievers with ranks and scores, facts and past items, in one line."""
    parts = [f"{name} #{part.rank} ({part.score:.3f})" for name, part in hit.parts.items()]
    parts += [f"{relation}: {label}" for relation, label in hit.facts]
    parts += [f"shared {relation}: {label}" for relation, label in hit.shared]
    parts += [f"like {past.title or past.item} ({past.likeness:.2f})" for past in hit.history]
    return "; ".join(parts) or "nothing speaks for it or against it"


def printable(text: str) -> str:
    """Without lone surrogates, which no output can carry."""
    return text.encode("utf-8", errors="replace").decode("utf-8")
