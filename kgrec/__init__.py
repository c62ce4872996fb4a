"""kgrec: recommendation and product search on a heterogeneous user-item-entity graph."""

__version__ = "0.1.0"
