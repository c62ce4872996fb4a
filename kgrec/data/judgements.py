"""Graded relevance of items to queries: a plain table, or what a data set implies."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import polars as pl

from kgrec.data.reading import read_table
from kgrec.errors import DataError

REMEDY = "A table of judgements has the columns query, item, grade and, where a person asked, user."


@dataclass(frozen=True)
class Topic:
    """One thing that was asked."""

    query: str
    user: str | None = None
    """Who asked; None = nobody in particular."""


class Judgements:
    """Which items answer which query, and how well.

    A grade is a number from 0 (no answer) up; what is not judged counts as 0. The same query of two people
    is two topics.
    """

    def __init__(self, grades: Mapping[Topic, Mapping[str, float]]) -> None:
        """``grades``: of every topic, its items' grades.

        Raises:
            DataError: a grade is negative or not finite.
        """
        for topic, items in grades.items():
            for item, grade in items.items():
                if not 0 <= grade < float("inf"):
                    raise DataError(
                        f"the grade of item {item!r} for the query {topic.query!r} is {grade}; grades are "
                        "finite and not negative"
                    )
        self.grades = {topic: dict(items) for topic, items in grades.items()}

    def __len__(self) -> int:
        return len(self.grades)

    @cached_property
    def topics(self) -> list[Topic]:
        """Topics with at least one item above 0, in the order given: those that a ranking is judged by."""
        return [topic for topic, items in self.grades.items() if any(grade > 0 for grade in items.values())]

    @classmethod
    def read(cls, path: Path) -> "Judgements":
        """A table with the columns query, item, grade and, if there is one, user (may be empty).

        Raises:
            DataError: a column is missing, a grade is no number, or a pair is judged twice and differently.
        """
        table = read_table(path)
        for column in ("query", "item", "grade"):
            table.require(column, REMEDY)
        grades = table.numbers("grade")
        if (grades < 0).any():
            row = int((grades < 0).arg_max() or 0)
            raise table.error(row, "grade", grades[row], "is negative; grades start at 0")
        users = table.frame["user"] if "user" in table.frame.columns else pl.Series([None] * len(grades))
        found: dict[Topic, dict[str, float]] = {}
        rows = zip(table.frame["query"], table.ids("item"), grades, users, strict=True)
        for row, (query, item, grade, user) in enumerate(rows):
            items = found.setdefault(Topic(query or "", user or None), {})
            if items.setdefault(item, grade) != grade:
                raise table.error(
                    row,
                    "grade",
                    grade,
                    f"differs from {items[item]} given for the same query and item before",
                )
        return cls(found)
