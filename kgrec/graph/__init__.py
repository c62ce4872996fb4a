"""The heterogeneous graph and the operators that propagate over it."""

from kgrec.graph.csr import CSROperator
from kgrec.graph.hetero import INTERACTS, build_graph, reverse_name
from kgrec.graph.propagation import Propagation, RelationalOperator

__all__ = ["INTERACTS", "CSROperator", "Propagation", "RelationalOperator", "build_graph", "reverse_name"]
