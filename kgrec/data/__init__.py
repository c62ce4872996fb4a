"""Tables in, vocabularies and splits out."""

from kgrec.data.config import DataConfig
from kgrec.data.dataset import Dataset, build_dataset
from kgrec.data.splits import Part, Split, make_split
from kgrec.data.tables import Tables
from kgrec.data.user_items import UserItems
from kgrec.data.vocabulary import Vocabulary

__all__ = [
    "DataConfig",
    "Dataset",
    "Part",
    "Split",
    "Tables",
    "UserItems",
    "Vocabulary",
    "build_dataset",
    "make_split",
]
