"""Keys, rates, threads and suggestions by hand."""

import asyncio
import threading
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kgrec.errors import ConfigError, DataError, FeatureError, TrainingError, UnknownIdError
from kgrec.retrieval.filters import Filters
from kgrec.serving.keys import Role, hash_of, keys_from_file, keys_from_text, load_keys, random_keys
from kgrec.serving.problems import Problem, problem_of
from kgrec.serving.rate_limit import TokenBuckets
from kgrec.serving.routes_search import filters_of
from kgrec.serving.schemas import finite
from kgrec.serving.suggestions import Suggester
from kgrec.serving.workers import Workers

SECRET = "abcdefghijklmnop"


def test_keys_are_found_and_kept_as_hashes() -> None:
    keys = keys_from_text(f"read:{SECRET}, operate:sha256={hash_of('other-secret-1234').hex()}")
    found = keys.find(SECRET)
    assert found is not None and found.role == Role.READ and len(keys) == 2
    other = keys.find("other-secret-1234")
    assert other is not None and other.role == Role.OPERATE
    assert keys.find(SECRET + "x") is None and keys.find("") is None
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    ("text", "reason"),
    [("admin:" + SECRET, "read, write, operate"), ("read:short", "16 or more"), ("read:" + "ä" * 20, "odd"),
     ("", "needs a key"), (f"read:{SECRET},write:{SECRET}", "given twice")],
)  # fmt: skip
def test_a_wrong_key_is_refused_and_not_repeated(text: str, reason: str) -> None:
    with pytest.raises(ConfigError, match=reason) as caught:
        keys_from_text(text)
    assert SECRET not in str(caught.value)


def test_keys_of_a_file_have_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "keys.yaml"
    file.write_text(f'keys:\n  the shop: "write:{SECRET}"\n')
    found = keys_from_file(file).find(SECRET)
    assert found is not None and found.name == "the shop" and found.role == Role.WRITE
    file.write_text("keys: []")
    with pytest.raises(ConfigError, match="NAME"):
        load_keys(file)
    monkeypatch.delenv("KGREC_KEYS", raising=False)
    assert load_keys(None) is None
    monkeypatch.setenv("KGREC_KEYS", f"read:{SECRET}")
    known = load_keys(None)
    assert known is not None and known.find(SECRET)


def test_random_keys_are_new_each_time() -> None:
    keys, secrets = random_keys()
    found = keys.find(secrets[Role.OPERATE])
    assert found is not None and found.role == Role.OPERATE
    assert random_keys()[1] != secrets


def test_a_bucket_fills_with_time() -> None:
    now = [0.0]
    buckets = TokenBuckets(2.0, 2, lambda: now[0])
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 1]
    assert buckets.take("b") == 0
    now[0] = 0.5
    assert [buckets.take("a"), buckets.take("a")] == [0, 1]
    now[0] = 100.0
    assert [buckets.take("a") for _ in range(3)] == [0, 0, 1]
    assert all(TokenBuckets(0, 1).take("a") == 0 for _ in range(5))


def test_more_work_than_may_wait_is_refused() -> None:
    async def scenario() -> list[object]:
        workers, free = Workers("test", 1, 1), threading.Event()
        first = [asyncio.ensure_future(workers.run(lambda: free.wait(10))) for _ in range(2)]
        await asyncio.sleep(0.05)
        refused = await asyncio.gather(workers.run(lambda: 1), return_exceptions=True)
        free.set()
        done = await asyncio.gather(*first)
        again = await workers.run(lambda: 2)
        workers.close()
        return [*refused, *done, again]

    refused, *others = asyncio.run(scenario())
    assert isinstance(refused, Problem) and refused.status == 503
    assert others == [True, True, 2]


def test_errors_have_a_status() -> None:
    cases = {
        404: UnknownIdError("x"),
        422: DataError("x"),
        503: FeatureError("/home/me"),
        500: TrainingError("x"),
    }
    assert {problem_of(error).status for error in cases.values()} == set(cases)
    for status, error in cases.items():
        assert problem_of(error).status == status
    assert "home" not in problem_of(cases[503]).detail


def test_a_filter_is_a_name_and_a_value_either_of_which_may_hold_a_colon() -> None:
    address = "http://dbpedia.org/ontology/link"
    chosen = filters_of(["brand:a:b", f"{quote(address)}:http://x", f"{quote(address)}:y"])
    assert chosen == Filters({"brand": ["a:b"], address: ["http://x", "y"]})
    assert filters_of([]) is None
    for wrong in ("brand", "brand:", ":value"):
        with pytest.raises(Problem, match="write name:value"):
            filters_of([wrong])


def test_scores_fit_into_json() -> None:
    assert [finite(x) for x in (1.5, float("nan"))] == [1.5, 0.0]
    assert finite(float("-inf")) < -1e308


def test_suggestions_put_beginnings_first() -> None:
    titles = {
        "a": "Star Wars",
        "b": "Dark Star",
        "c": "Star",
        "d": "红色运动鞋",
        "e": "Startup",
        "f": "x" * 200,
    }
    index = Suggester({str(n): title for n, title in titles.items()}, ["Starring", "Star"])
    assert [text for text, _ in index.suggest("star", 3)] == ["Star", "Startup", "Starring"]
    assert ("Dark Star", "title") in index.suggest("STAR", 10)
    assert index.suggest("运动", 5) == [("红色运动鞋", "title")]
    assert index.suggest(" ", 5) == [] and index.suggest("zzz", 5) == []
    assert ("Starring", "entity") in index.suggest("starr", 5)


@given(st.lists(st.text(max_size=20), max_size=8), st.text(min_size=1, max_size=4))
def test_what_is_suggested_holds_what_was_typed(texts: list[str], typed: str) -> None:
    for text, _ in Suggester({str(n): text for n, text in enumerate(texts)}, []).suggest(typed, 5):
        assert typed.strip().casefold() in text.casefold()
