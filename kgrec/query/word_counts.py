"""How often each word of a catalogue stands in its texts."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from kgrec.errors import RunError
from kgrec.files import atomic_path
from kgrec.query.analyser import Analyser
from kgrec.query.kept import kept, key_of
from kgrec.query.normalise import normalise


def word_counts(texts: Sequence[str], analyser: Analyser, folder: Path | None = None) -> Counter[str]:
    """Occurrences of each normalised word in ``texts``, as `Analyser.words` cuts them; kept in ``folder``."""

    def counted() -> Counter[str]:
        counts: Counter[str] = Counter()
        for text in texts:
            counts.update(analyser.words(normalise(text, None)))
        return counts

    # Only if it is kept, for a key costs a pass over all texts.
    name = f"words-{key_of(texts, '')}.json" if folder is not None else ""
    return kept(folder, name, _load, counted, _save)


def _save(counts: Counter[str], path: Path) -> None:
    with atomic_path(path) as part:
        part.write_text(json.dumps(counts, ensure_ascii=False), encoding="utf-8")


def _load(path: Path) -> Counter[str]:
    try:
        return Counter({str(word): int(count) for word, count in json.loads(path.read_text("utf-8")).items()})
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise RunError(f"{path}: no readable counts of words ({error})") from error
