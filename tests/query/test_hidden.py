import pytest

from kgrec.data.dataset import Dataset
from kgrec.errors import ConfigError
from kgrec.query.hidden import visible_catalogue, visible_triples


def test_hidden_relations_and_behaviour_are_gone(bilingual: Dataset) -> None:
    assert "also_buy" in bilingual.triples["relation"]
    seen = set(visible_triples(bilingual, ["category"])["relation"])
    assert "category" not in seen and "also_buy" not in seen and "brand" in seen
    assert "category" in visible_triples(bilingual)["relation"]


def test_a_hidden_column_is_empty(bilingual: Dataset) -> None:
    catalogue = visible_catalogue(bilingual, ["state"])
    assert catalogue["state"].null_count() == 7 and catalogue.columns == bilingual.catalogue.columns
    assert catalogue["title"].null_count() == 0


@pytest.mark.parametrize("function", [visible_triples, visible_catalogue])
def test_a_name_that_does_not_exist_is_refused(function: object, bilingual: Dataset) -> None:
    with pytest.raises(ConfigError, match=r"'categroy' cannot be hidden: goods has the relations .*category"):
        function(bilingual, ["categroy"])  # type: ignore[operator]
