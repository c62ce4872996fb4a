"""Settings of a search."""

from dataclasses import dataclass, field

from kgrec.retrieval.graph import GraphConfig
from kgrec.retrieval.lexical import LexicalConfig
from kgrec.retrieval.vector_index import IndexConfig

FUSIONS = ("convex", "rrf", "learned")


@dataclass
class SearchConfig:
    """How the retrievers work and how their lists become one."""

    fusion: str = "convex"
    """convex (scores on one scale), rrf (reciprocal ranks) or learned (a fitted `LearnedRanker`)."""
    weights: dict[str, float] = field(
        default_factory=lambda: {
            "lexical": 1.0,
            "dense": 1.0,
            "graph": 1.0,
            "feedback": 0.0,
            "personal": 1.0,
            "popularity": 0.3,
        }
    )
    """What each list counts in rrf and convex; 0 leaves it out of the order, not out of a hit's parts.
    ``feedback`` is what the graph list counts for a query that names no entity."""
    by_coverage: bool = True
    """Whether the lexical list counts by the share of the query that its best item covers; see `Coverage`."""
    depth: int = 200
    """Candidates of each retriever."""
    rrf_k: float = 60.0
    """rrf: the larger, the less the first ranks stand out."""
    scale: str = "minmax"
    """convex: minmax or z."""
    facet_depth: int = 100
    """First hits that facets are counted over."""
    shown_past: int = 2
    """Past items that a hit is explained with, at most."""
    hidden_relations: list[str] = field(default_factory=list)
    """Relations and columns of the catalogue that nothing in search may see, such as the one that decides
    what counts as relevant."""
    lexical: LexicalConfig = field(default_factory=LexicalConfig)
    graph: GraphConfig = field(default_factory=GraphConfig)
    index: IndexConfig = field(default_factory=IndexConfig)
