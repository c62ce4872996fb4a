"""A language model may choose words, not facts."""

from pathlib import Path as File

import pytest
import torch

from kgrec.errors import FeatureError
from kgrec.explanation.config import ExplanationConfig
from kgrec.explanation.fact_check import states_only
from kgrec.explanation.paths import Edge, Node, Path
from kgrec.explanation.rewriter import Rewriter
from kgrec.explanation.trails import OTHER_PERSON
from kgrec.explanation.words import Told, sentence

WORDS = "You had “Heat”, and “Ronin” has the same actor: De Niro."
KNOWN = "you had Heat and Ronin has the same actor De Niro won Oscars not"
"""What the babbler can say."""
NAMES = ["Heat", "Ronin", "De Niro", "actor"]
PATH = Path(
    (
        Node("user", "u", "u"),
        Node("item", "1", "Heat"),
        Node("entity", "2", "De Niro"),
        Node("item", "3", "Ronin"),
    ),
    (Edge(0, 1, "interacted", "had"), Edge(1, 2, "starring", "actor"), Edge(3, 2, "starring", "actor")),
    0.5,
    WORDS,
)


@pytest.mark.parametrize(
    ("text", "true"),
    [
        (WORDS, True),
        ("Since you liked Heat, we suggest Ronin: the two share an actor, De Niro.", False),
        ("You liked “Heat”, so you might enjoy “Ronin”, which has the same actor: De Niro!", True),
        ("You had “Heat”, and “Ronin” has the same actor.", False),
        ("You had “Heat”, and “Ronin” has the same great actor: De Niro.", False),
        ("You had “Ronin”, and “Heat” has the same actor: De Niro.", False),
        ("You had “Heat”, and “Ronin” does not have the same actor: De Niro.", False),
        ("You had “Heat” (1995), and “Ronin” has the same actor: De Niro.", False),
        ("You had “Heat”, and “Ronin” has the same actor: De Niro, from Mann.", False),
        ("You had “Heat”, and you had “Ronin” with the same actor: De Niro.", False),
        ("You might like “Heat”, and had “Ronin” with the same actor: De Niro.", False),
        ("You had “Heat”, and “Ronin” has another actor: De Niro.", False),
        ("You had “Heat”, and “Ronin” has the same actor: De Niro, and De Niro has “Heat”.", False),
        ("", False),
    ],
)
def test_only_what_the_path_says_passes(text: str, true: bool) -> None:
    assert states_only(text, WORDS, NAMES, "en") is true


@pytest.mark.parametrize(
    ("text", "true"),
    [
        ("因为您选过“红鞋”，我们推荐“蓝鞋”，它的品牌也相同：飞跃。", True),
        ("您选过“红鞋”，“蓝鞋”与它的品牌不同：飞跃。", False),
        ("您选过“红鞋”，便宜的“蓝鞋”与它的品牌相同：飞跃。", False),
    ],
)
def test_in_chinese_too(text: str, true: bool) -> None:
    template = "您选过“红鞋”，“蓝鞋”与它的品牌相同：飞跃。"
    assert states_only(text, template, ["红鞋", "蓝鞋", "飞跃", "品牌"], "zh") is true


@pytest.mark.parametrize(
    ("text", "true"),
    [
        ("You chose “Heat”, so you may like “Heat 2”: the same actor, De Niro.", True),
        ("You had “Heat 2”, and “Heat” has the same actor: De Niro.", False),
        ("You had “Heat 2”, and it has the same actor: De Niro.", False),
    ],
)
def test_a_name_that_is_part_of_another_is_told_apart(text: str, true: bool) -> None:
    template = "You had “Heat”, and “Heat 2” has the same actor: De Niro."
    assert states_only(text, template, ["Heat", "Heat 2", "De Niro", "actor"], "en") is true


@pytest.mark.parametrize(
    ("text", "language", "true"),
    [
        ("Another person who chose “Pan” also picked “Lid”.", "en", True),
        ("Somebody else had “Pan”, and you had “Lid”.", "en", False),
        ("选过“Pan”的其他人也选过“Lid”。", "zh", True),
        ("其他人选过“Pan”，您选过“Lid”。", "zh", False),
    ],
)
def test_what_others_did_is_not_said_of_you(text: str, language: str, true: bool) -> None:
    template = sentence(Told(OTHER_PERSON, "Pan", "Lid"), language)
    assert states_only(text, template, ["Pan", "Lid"], language) is true


def test_a_good_sentence_is_taken_and_a_wrong_one_is_not() -> None:
    good = "You liked “Heat”, so you might enjoy “Ronin”, which has the same actor: De Niro!"
    taken = Rewriter(lambda prompt: f" {good}\nAnd more nonsense" if WORDS in prompt else "")
    assert taken.reword(PATH, "en").words == good and (taken.asked, taken.kept) == (1, 1)
    for bad in ("Heat won four Oscars.", "", "\n\n"):
        refused = Rewriter(lambda _, bad=bad: bad)  # type: ignore[misc]
        assert refused.reword(PATH, "en") == PATH and refused.kept == 0


@pytest.fixture(scope="module")
def babbler(tmp_path_factory: pytest.TempPathFactory) -> File:
    """A real causal language model, untrained: it babbles."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import GPT2Config, GPT2LMHeadModel, PreTrainedTokenizerFast

    words = ["<pad>", "<unk>", *dict.fromkeys(KNOWN.split())]
    tokenizer = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    folder = tmp_path_factory.mktemp("babbler")
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>", eos_token="<pad>"
    )
    fast.save_pretrained(folder)
    torch.manual_seed(0)
    size = {"n_embd": 16, "n_layer": 1, "n_head": 2, "n_positions": 128}
    GPT2LMHeadModel(GPT2Config(vocab_size=len(words), **size)).save_pretrained(folder)
    return folder


def test_a_real_model_is_read_from_a_folder_and_its_nonsense_refused(babbler: File) -> None:
    rewriter = Rewriter.from_config(ExplanationConfig(rewriter=str(babbler), rewriter_tokens=12))
    assert rewriter.reword(PATH, "en") == PATH
    assert rewriter.reword(PATH, "zh") == PATH
    assert rewriter.asked == 2 and rewriter.kept == 0


def test_a_folder_without_such_a_model_is_an_error(tmp_path: File) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(FeatureError, match="no causal language model"):
        Rewriter.from_config(ExplanationConfig(rewriter=str(tmp_path)))
