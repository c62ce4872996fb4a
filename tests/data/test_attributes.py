import polars as pl

from kgrec.data.attributes import attribute_facts


def catalogue(*values: str | None) -> pl.DataFrame:
    items = [f"i{place}" for place in range(len(values))]
    return pl.DataFrame({"item": items, "brand": values}, schema={"item": pl.String, "brand": pl.String})


def test_spellings_are_one_entity_under_the_most_frequent() -> None:
    facts = attribute_facts(catalogue("SONY", "Sony", " Sony ", "ｓｏｎｙ", None), "brand")
    assert facts["tail"].unique().to_list() == ["brand:sony"]
    assert facts["label"].unique().to_list() == ["Sony"]
    assert facts["head"].to_list() == ["i0", "i1", "i2", "i3"]


def test_equally_frequent_spellings_give_the_first_in_order() -> None:
    for values in (("Rca", "RCA"), ("RCA", "Rca")):
        assert set(attribute_facts(catalogue(*values), "brand")["label"]) == {"RCA"}


def test_what_says_nothing_is_no_fact() -> None:
    facts = attribute_facts(catalogue("Unknown", "N/A", "-", " ", "", "无", "Acme"), "brand")
    assert facts.rows() == [("i6", "brand", "brand:acme", "Acme")]


def test_a_list_of_values_gives_several_facts_under_another_relation() -> None:
    facts = attribute_facts(catalogue("red; blue;red"), "brand", "colour", ";")
    assert facts.rows() == [("i0", "colour", "colour:red", "red"), ("i0", "colour", "colour:blue", "blue")]


def test_numbers_are_written_out() -> None:
    frame = pl.DataFrame({"item": ["a"], "year": [1999]})
    assert attribute_facts(frame, "year").rows() == [("a", "year", "year:1999", "1999")]
