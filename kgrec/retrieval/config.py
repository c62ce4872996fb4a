"""Settings of a search."""

from dataclasses import dataclass, field

FUSIONS = ("convex", "rrf", "learned")


@dataclass
class LexicalConfig:
    """BM25 and the weight of each field."""

    k1: float = 1.5
    """How soon further occurrences of a token stop to count."""
    b: float = 0.75
    """How much a long text is held against an item, 0 to 1."""
    text_weight: float = 1.0
    """What the item's own text counts."""
    facts_weight: float = 0.5
    """What the names of its facts count; 0 leaves them out of the index."""


@dataclass
class GraphConfig:
    """How far a query spreads in the graph."""

    decay: float = 0.5
    """Weight of one more hop: from a category to its subcategories, from a named item to its brand."""
    feedback: float = 0.3
    """Weight of facts shared with the first hits, beside facts that the query names itself; 0 = off."""
    feedback_hits: int = 10
    """First hits whose facts count."""


@dataclass
class IndexConfig:
    """Which index, and how much of it a search looks at."""

    kind: str = "exact"
    """exact; hnsw (a graph of neighbours: fast, needs the vectors and the graph in memory); ivfpq (lists of
    codes: a small part of the memory, less exact). The vectors stay in memory beside any index: filters
    and the learned fusion ask for scores of any item."""
    links: int = 32
    """hnsw: neighbours a vector keeps (twice as many at the lowest level)."""
    build_width: int = 200
    """hnsw: candidates looked at when a vector is added."""
    search_width: int = 128
    """hnsw: candidates looked at by a search; at least k."""
    lists: int = 0
    """ivfpq: lists that vectors are sorted into; 0 = four times the square root of their number."""
    probes: int = 32
    """ivfpq: lists that a search reads."""
    code_bytes: int = 48
    """ivfpq: bytes a vector is coded in, 8 bits each; divides the vectors' dimension."""
    train_sample: int = 200_000
    """ivfpq: vectors that lists and codes are learned from, drawn by ``seed``."""
    refine: int = 0
    """ivfpq: the best ``refine * k`` by code are scored again by the vectors themselves, which then stay in
    memory; 0 = the codes decide."""
    seed: int = 0
    """Of the sample and of k-means."""


@dataclass
class SearchConfig:
    """How the retrievers work and how their lists become one."""

    fusion: str = "convex"
    """convex (scores on one scale), rrf (reciprocal ranks) or learned (a fitted `LearnedRanker`)."""
    ranker: str = ""
    """learned: the file of the ranker, as scripts/fit_ranker.py wrote it."""
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
    centre: bool = True
    """Whether items' vectors and queries' vectors each lose their mean before they are compared; see
    `query_mean`."""
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
