import json
import shutil
from pathlib import Path

import pytest
import torch

from kgrec.errors import ConfigError, FeatureError
from kgrec.features.config import EncoderConfig
from kgrec.features.encoder import TransformerEncoder

CPU = torch.device("cpu")
TEXTS = ["a", "red shoe", "the blue sock the blue sock a", "pan", "", "the lid"]


def encoder(name: str | Path, **settings: object) -> TransformerEncoder:
    return TransformerEncoder(EncoderConfig(name=str(name), **settings), CPU)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def minilm() -> TransformerEncoder:
    return encoder("minilm")


def test_minilm_equals_mean_pooling_by_hand(minilm: TransformerEncoder) -> None:
    from transformers import AutoModel, AutoTokenizer

    tokenizer, network = (cls.from_pretrained(minilm.folder) for cls in (AutoTokenizer, AutoModel))
    with torch.no_grad():
        states = network(**tokenizer("running shoes", return_tensors="pt")).last_hidden_state[0]
    expected = torch.nn.functional.normalize(states.mean(dim=0), dim=0)
    torch.testing.assert_close(minilm.encode(["running shoes"])[0], expected, atol=1e-5, rtol=1e-4)


def test_minilm_knows_what_is_alike(minilm: TransformerEncoder) -> None:
    shoe, sneaker, pan = minilm.encode(["a running shoe", "sneakers", "a frying pan"])
    assert shoe @ sneaker > shoe @ pan + 0.2


@pytest.mark.parametrize("pooling", ["mean", "cls", "last"])
def test_a_vector_does_not_depend_on_its_batch(tiny_decoder: Path, pooling: str) -> None:
    together = encoder(tiny_decoder, pooling=pooling).encode(TEXTS)
    alone = encoder(tiny_decoder, pooling=pooling, batch_tokens=1).encode(TEXTS)
    torch.testing.assert_close(together, alone, atol=1e-5, rtol=1e-4)
    backwards = encoder(tiny_decoder, pooling=pooling, batch_tokens=9).encode(TEXTS[::-1]).flip(0)
    torch.testing.assert_close(together, backwards, atol=1e-5, rtol=1e-4)


def test_real_encoder_does_not_depend_on_the_batch(minilm: TransformerEncoder) -> None:
    texts = ["shoe", "a long title of a shoe, with laces, in blue and red, for men", "锅", "pan"]
    alone = torch.cat([minilm.encode([text]) for text in texts])
    torch.testing.assert_close(minilm.encode(texts), alone, atol=1e-5, rtol=1e-4)


def test_a_decoder_is_recognised_and_pooled_at_its_last_token(tiny_decoder: Path) -> None:
    auto, last = encoder(tiny_decoder).encode(TEXTS), encoder(tiny_decoder, pooling="last").encode(TEXTS)
    assert torch.equal(auto, last)
    assert not torch.allclose(auto, encoder(tiny_decoder, pooling="mean").encode(TEXTS), atol=1e-3)


@pytest.mark.parametrize("side", ["left", "right"])
def test_the_tokenisers_side_of_padding_changes_nothing(
    tiny_decoder: Path, tmp_path: Path, side: str
) -> None:
    from transformers import AutoModel, AutoTokenizer

    tokenizer, network = (cls.from_pretrained(tiny_decoder) for cls in (AutoTokenizer, AutoModel))
    tokenizer.padding_side = side
    tokenizer.save_pretrained(tmp_path)
    network.save_pretrained(tmp_path)
    vectors = encoder(tmp_path, normalize=False).encode(["red shoe", "a"])
    with torch.no_grad():
        states = network(**tokenizer("red shoe", return_tensors="pt")).last_hidden_state[0]
    torch.testing.assert_close(vectors[0], states[-1], atol=1e-5, rtol=1e-4)


def test_unit_length_is_an_option(tiny_decoder: Path) -> None:
    raw = encoder(tiny_decoder, normalize=False).encode(TEXTS)
    unit = encoder(tiny_decoder).encode(TEXTS)
    assert not torch.allclose(raw.norm(dim=1), torch.ones(6), atol=0.01)
    torch.testing.assert_close(unit, raw / raw.norm(dim=1, keepdim=True))


def test_long_texts_are_cut_at_the_smaller_limit(tiny_decoder: Path) -> None:
    long = " ".join(["red"] * 99)
    cut = encoder(tiny_decoder).encode([long, " ".join(["red"] * 16)])
    assert torch.equal(cut[0], cut[1])
    cut = encoder(tiny_decoder, max_tokens=3).encode([long, "red red red"])
    assert torch.equal(cut[0], cut[1])


def test_tokens_are_counted_as_they_are_read(minilm: TransformerEncoder) -> None:
    # Two words of one piece each, and the two special tokens around a text.
    assert minilm.count_tokens(["running shoes", "shoes"]) == 4 + 3
    assert minilm.count_tokens(["shoes " * 1_000]) == minilm.config.max_tokens
    assert minilm.count_tokens([]) == 0


def test_no_texts_give_no_rows(tiny_decoder: Path) -> None:
    assert encoder(tiny_decoder).encode([]).shape == (0, 32)


def test_half_precision_is_close(tiny_decoder: Path) -> None:
    full, half = encoder(tiny_decoder), encoder(tiny_decoder, dtype="bfloat16")
    assert half.encode(TEXTS).dtype == torch.float32
    assert (full.encode(TEXTS) * half.encode(TEXTS)).sum(dim=1).min() > 0.99
    assert full.fingerprint != half.fingerprint


@pytest.mark.parametrize(
    ("name", "query", "passage"),
    [
        ("multilingual-e5-small-zh-en", "query: ", "passage: "),
        ("e5-base", "query: ", "passage: "),
        ("multilingual-e5-large-instruct", "", ""),
        ("tiny-decoder", "", ""),
    ],
)
def test_prefix_by_name(tiny_decoder: Path, tmp_path: Path, name: str, query: str, passage: str) -> None:
    (tmp_path / name).symlink_to(tiny_decoder)
    found = encoder(tmp_path / name)
    assert (found.prefix("query"), found.prefix("passage")) == (query, passage)


def test_prefix_by_the_folders_own_word(tiny_decoder: Path, tmp_path: Path) -> None:
    folder = tmp_path / "e5-tuned"
    shutil.copytree(tiny_decoder, folder)
    told = folder / "config_sentence_transformers.json"
    told.write_text(json.dumps({"prompts": {"query": "ask: ", "document": "text: "}}))
    found = encoder(folder)
    assert (found.prefix("query"), found.prefix("passage")) == ("ask: ", "text: ")
    assert encoder(folder, query_prefix="").prefix("query") == ""
    told.write_text(json.dumps({"prompts": None}))
    assert encoder(folder).prefix("query") == "query: "


def test_prefix_by_configuration_reaches_the_tokens(tiny_decoder: Path) -> None:
    given = encoder(tiny_decoder, passage_prefix="red ", query_prefix="blue ").encode(["shoe"])
    assert torch.equal(given, encoder(tiny_decoder).encode(["red shoe"]))


def test_threads_and_random_state_stay(tiny_decoder: Path) -> None:
    before, state = torch.get_num_threads(), torch.get_rng_state()
    encoder(tiny_decoder).encode(TEXTS)
    assert torch.get_num_threads() == before
    assert torch.equal(torch.get_rng_state(), state)


def test_fingerprint_needs_no_model_and_follows_what_decides(tiny_decoder: Path) -> None:
    base = encoder(tiny_decoder)
    assert "_loaded" not in vars(base) and base.fingerprint and "_loaded" not in vars(base)
    assert base.fingerprint == encoder(tiny_decoder, batch_tokens=7).fingerprint
    for changed in ({"pooling": "mean"}, {"normalize": False}, {"max_tokens": 3}):
        assert encoder(tiny_decoder, **changed).fingerprint != base.fingerprint


@pytest.mark.parametrize(
    "wrong", [{"pooling": "max"}, {"dtype": "int8"}, {"max_tokens": 0}, {"batch_tokens": 0}]
)
def test_wrong_settings_are_refused_before_any_work(wrong: dict) -> None:
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        encoder("minilm", **wrong)


def test_a_broken_model_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "no-such-type"}')
    with pytest.raises(FeatureError, match=str(tmp_path)):
        encoder(tmp_path).encode(["x"])


def test_chinese_model_finds_shoes(models_folder: Path) -> None:
    e5 = encoder(models_folder / "multilingual-e5-small-zh-en")
    titles = ["耐克 男子 跑步鞋", "加厚羊毛被", "不粘平底锅", "陶瓷茶杯"]
    scores = e5.encode(["运动鞋"], "query") @ e5.encode(titles, "passage").T
    assert scores.argmax().item() == 0
