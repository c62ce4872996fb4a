"""Reasons in a language model's words, as long as these say what the path says."""

import logging
from collections.abc import Callable
from dataclasses import replace

import torch

from kgrec.errors import FeatureError
from kgrec.explanation.config import ExplanationConfig
from kgrec.explanation.fact_check import states_only
from kgrec.explanation.paths import INTERACTED, Path
from kgrec.features.model_files import find_model

log = logging.getLogger(__name__)

PROMPTS = {
    "en": "Say this in one friendly sentence, with the same names and no other facts.\n{words}\nSentence:",
    "zh": "请用一句自然的话重新表达，名称不变，不要添加任何事实。\n{words}\n句子：",
}
Generate = Callable[[str], str]


class Rewriter:
    """Rewords paths; keeps the template's sentence wherever the check refuses the new one."""

    def __init__(self, generate: Generate) -> None:
        """``generate``: a prompt's continuation, by whatever writes it: a model here, or a server."""
        self._generate = generate
        self.asked = self.kept = 0

    @classmethod
    def from_config(cls, config: ExplanationConfig) -> "Rewriter":
        """A local causal language model through ``transformers``.

        Raises:
            FeatureError: the model is not on this machine.
        """
        return cls(local_model(config.rewriter, config.rewriter_tokens))

    def reword(self, path: Path, language: str) -> Path:
        """The path with other words, or the same path."""
        self.asked += 1
        lines = self._generate(PROMPTS[language].format(words=path.words)).strip().splitlines()
        words = lines[0].strip() if lines else ""
        if not words or not states_only(words, path.words, _names(path), language):
            log.info("a rewording was refused: it says something else than its path, or leaves something out")
            return path
        self.kept += 1
        return replace(path, words=words)


def local_model(name: str, tokens: int) -> Generate:
    """A model of a folder (or of ``$KGREC_MODELS``) that continues prompts, always in the same way.

    Raises:
        FeatureError: there is none, or it is no causal language model. No code of its folder runs.
    """
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = find_model(name)
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        model = AutoModelForCausalLM.from_pretrained(folder, local_files_only=True).eval()
    except (OSError, ValueError) as error:
        raise FeatureError(f"explanation.rewriter {name!r}: no causal language model ({error})") from error

    @torch.no_grad()
    def generate(prompt: str) -> str:
        given = tokenizer(prompt, return_tensors="pt")
        pad = tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id
        made = model.generate(**given, max_new_tokens=tokens, do_sample=False, pad_token_id=pad)
        text: str = tokenizer.decode(made[0][given["input_ids"].shape[1] :], skip_special_tokens=True)
        return text

    return generate


def _names(path: Path) -> list[str]:
    """What a sentence about the path has to name: its nodes but for people, and the relations of its facts
    that the template names."""
    nodes = [node.label for node in path.nodes if node.kind != "user"]
    relations = [edge.label for edge in path.edges if edge.relation != INTERACTED]
    return list(dict.fromkeys([*nodes, *(label for label in relations if label in path.words)]))
