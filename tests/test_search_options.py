import io
import json
import shutil
import sys
from pathlib import Path

import pytest

from kgrec import search_data
from kgrec.errors import ConfigError, DataError
from kgrec.query.understanding import Query
from kgrec.retrieval.answer import Part, PastItem, SearchAnswer, SearchHit
from kgrec.retrieval.filters import Filters
from kgrec.search_options import filters_from, queries_from
from kgrec.search_report import json_lines, reasons, show

HIT = SearchHit(
    "i1",
    "红色 shoe",
    0.75,
    {"lexical": Part(1, 2.5), "dense": Part(3, 0.9)},
    [("brand", "Acme")],
    [("category", "shoes")],
    [PastItem("i9", None, 0.5)],
    [(3, 7)],
)


def answer(text: str, **facets: list[tuple[str, int]]) -> SearchAnswer:
    query = Query(text, text, "shoe", ("shoe",), (("sheo", "shoe"),), (), "en")
    return SearchAnswer(query, [HIT], facets)


def test_conditions_become_filters() -> None:
    assert filters_from([], None) is None
    both = filters_from(["brand=Acme", "brand=A=B", " colour = 红 "], None)
    assert both == Filters({"brand": ["Acme", "A=B"], "colour": ["红"]})
    assert filters_from([], "10:20") == Filters({}, (10.0, 20.0))
    assert filters_from([], ":9.5") == Filters({}, (None, 9.5))
    assert filters_from(["a=b"], "3:") == Filters({"a": ["b"]}, (3.0, None))


@pytest.mark.parametrize("condition", ["brand", "=x", "brand=", "= "])
def test_what_is_no_condition_is_refused(condition: str) -> None:
    with pytest.raises(ConfigError, match="write relation=value"):
        filters_from([condition], None)


@pytest.mark.parametrize("price", ["", ":", "10", "a:b", "1:2:3"])
def test_what_is_no_range_is_refused(price: str) -> None:
    with pytest.raises(ConfigError, match="write 10:20"):
        filters_from([], price)


def test_queries_are_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    raw = "\ufeff运动鞋\r\n\n it's a=b \u2028 1e5\n".encode() + b"\xff\n"
    (tmp_path / "queries.txt").write_bytes(raw)
    expected = ["运动鞋", " it's a=b \u2028 1e5", "\ufffd"]
    assert [line.rstrip() for line in queries_from(str(tmp_path / "queries.txt"))] == expected
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
    assert [line.rstrip() for line in queries_from("-")] == expected
    with pytest.raises(DataError, match=r"nowhere\.txt: cannot be read"):
        queries_from(str(tmp_path / "nowhere.txt"))


def test_json_has_the_parts(capsys: pytest.CaptureFixture[str]) -> None:
    show(answer("sheo\ud800", brand=[("Acme", 2)]), as_json=True, explain=False)
    hit, facets = map(json.loads, capsys.readouterr().out.splitlines())
    assert hit == {
        "query": "sheo?",
        "rank": 1,
        "item": "i1",
        "title": "红色 shoe",
        "score": 0.75,
        "parts": {"lexical": {"rank": 1, "score": 2.5}, "dense": {"rank": 3, "score": 0.9}},
        "facts": [["brand", "Acme"]],
        "shared": [["category", "shoes"]],
        "history": [{"item": "i9", "title": None, "likeness": 0.5}],
        "highlights": [[3, 7]],
    }
    assert facets == {"query": "sheo?", "facets": {"brand": {"Acme": 2}}}
    assert len(json_lines(answer("shoe"))) == 1


def test_people_read_a_table_and_the_reasons(capsys: pytest.CaptureFixture[str]) -> None:
    show(answer("sheo", brand=[("Acme", 2)]), as_json=False, explain=True)
    shown = capsys.readouterr().out
    assert "query sheo\nread as shoe\n" in shown and "红色 shoe" in shown
    assert reasons(HIT) in shown and shown.endswith("brand: Acme (2)\n")
    assert reasons(HIT) == (
        "lexical #1 (2.500); dense #3 (0.900); brand: Acme; shared category: shoes; like i9 (0.50)"
    )
    assert reasons(SearchHit("i", None, 0.0)) == "nothing speaks for it or against it"


def test_the_settings_of_conf_count_for_a_data_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "conf"
    shutil.copytree(Path(__file__).resolve().parent.parent / "conf", copy)
    settings = copy / "search" / "default.yaml"
    settings.write_text(settings.read_text().replace("depth: 200", "depth: 77"))
    monkeypatch.setattr(search_data, "_engine_over", lambda job, search: (job.data.name, search))
    name, search = search_data.open_engine("zh-shop", None, Path("runs"), copy, ["brand"], Path("r.txt"))
    assert (name, search.depth, search.hidden_relations) == ("zh-shop", 77, ["brand"])
    assert (search.fusion, search.ranker) == ("learned", "r.txt")
