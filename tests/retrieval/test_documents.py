import pytest

from kgrec.data.dataset import Dataset
from kgrec.errors import ConfigError
from kgrec.retrieval.documents import documents, item_facts


def test_three_texts_an_item_in_row_order(bilingual: Dataset) -> None:
    docs = documents(bilingual, "{title} {description}")
    row = bilingual.items.row("i1")
    assert len(docs) == len(docs.facts) == len(docs.titles) == 7
    assert docs.texts[row] == "耐克运动鞋男款 轻便的鞋"
    assert docs.titles[row] == "耐克运动鞋男款"
    assert docs.facts[row] == "MUJI制造商. NIKE. Running Shoes"


def test_behaviour_and_opaque_ids_are_no_facts(bilingual: Dataset) -> None:
    docs = documents(bilingual, "{title}")
    assert docs.facts[bilingual.items.row("i4")] == "Apple. iphone6"
    # An item at the tail of a fact has that fact too; 4711 is the id of something without a name.
    assert docs.facts[bilingual.items.row("i6")] == "MUJI制造商. 红"


def test_hidden_relations_leave_facts_and_text(bilingual: Dataset) -> None:
    docs = documents(bilingual, "{title} {state}", ["brand", "state"])
    row = bilingual.items.row("i0")
    assert docs.facts[row] == "Running Shoes"
    assert docs.texts[row] == "Nike running shoes Air 90"
    assert not any("sale" in text for text in docs.texts)


def test_an_item_without_facts_has_an_empty_text(bilingual: Dataset) -> None:
    docs = documents(bilingual, "{description}", ["brand"])
    row = bilingual.items.row("i2")
    assert docs.facts[row] == docs.texts[row] == ""


def test_item_facts_name_the_relation(bilingual: Dataset) -> None:
    facts = item_facts(bilingual, ["category"])
    assert set(facts.filter(facts["item"] == "i1").select("relation", "label").iter_rows()) == {
        ("brand", "NIKE"),
        ("maker", "MUJI制造商"),
    }


def test_a_template_that_does_not_fit_is_refused(bilingual: Dataset) -> None:
    with pytest.raises(ConfigError, match="asks for"):
        documents(bilingual, "{name}")
