"""Typed configuration of a data set: where it lies, how it is read, cleaned, weighted and split."""

from dataclasses import dataclass, field


@dataclass
class DownloadConfig:
    """One file to fetch where neither ``$KGREC_DATA`` nor the cache holds it."""

    url: str = ""
    """Where the file lies; of a wheel the requirement that pip fetches, such as recbole==1.2.1."""
    sha256: str | None = None
    """Its checksum; null until a first download has recorded it."""
    kind: str = "file"
    """file (kept as it is), zip (members are unpacked) or wheel (the same, fetched by pip)."""
    member: str = ""
    """zip, wheel: folder inside the archive; the files directly in it are kept, all other files are not."""
    target: str = ""
    """file: its name inside the data set's folder; empty = the last part of the URL."""


@dataclass
class FilterConfig:
    """Interactions that count, and how dense the data has to be."""

    min_rating: float | None = None
    """Interactions with a lower rating are dropped; null = no filter."""
    user_core: int = 0
    """Users with fewer distinct items are dropped, again and again until none is left; 0 = all stay."""
    item_core: int = 0
    """The same for items with fewer distinct users."""


@dataclass
class SplitConfig:
    """Which interactions are train, valid and test."""

    method: str = "random"
    """random (per user), temporal (one moment for all), temporal_user (per user), leave_one_out, given (the
    data's own parts) or cold_items (items that train has never seen)."""
    seed: int = 2020
    """Seed of everything random in the split; the model's seed is another key."""
    ratios: list[float] = field(default_factory=lambda: [0.8, 0.1, 0.1])
    """Shares of train, valid and test; of interactions, for cold_items of items. Other methods ignore it."""
    valid_share: float = 0.1
    """given: share of each user's train interactions that becomes valid where the data has no valid part."""


@dataclass
class WeightConfig:
    """How much an interaction counts: the product of what is switched on here."""

    event: dict[str, float] = field(default_factory=dict)
    """Weight of each kind of event, e.g. {view: 1, cart: 2, purchase: 4}; empty = all events alike."""
    rating: str = "none"
    """none, or linear: rating / largest train rating."""
    half_life_days: float = 0.0
    """Days after which an interaction counts half, seen from the newest train interaction; 0 = no decay."""


@dataclass
class DataConfig:
    """One data set. Users and items have separate namespaces: user 7 and item 7 are two things."""

    name: str = ""
    """Name of the data set, in logs and in the path of a run."""
    source: str = "tables"
    """Format of the files: tables (CSV, TSV, Parquet, JSON lines), recbole, kgat, amazon, movielens,
    retrotech or online_retail."""
    folder: str = ""
    """Folder of the files: absolute, or looked for under $KGREC_DATA, then in the cache; empty = ``name``."""
    files: dict[str, str] = field(default_factory=dict)
    """Which file plays which part, e.g. {interactions: log.csv, triples: facts.csv}; an empty name = none."""
    columns: dict[str, str] = field(default_factory=dict)
    """Names of columns in the files where they differ from kgrec's, e.g. {user: customer_id}. Empty = the
    same; for one file alone {catalogue.item: sku}."""
    separator: str = ""
    """tables: what separates the fields of delimited text; empty = by ending (.csv comma, .tsv tab)."""
    downloads: list[DownloadConfig] = field(default_factory=list)
    """What to fetch where the files are nowhere on this machine."""
    expect: dict[str, int] = field(default_factory=dict)
    """What the files hold before any filter, e.g. {users: 943, items: 1682}: other files under the same name
    are refused. Of users, items, interactions, train, valid, test (distinct pairs) and triples (distinct)."""
    catalogue_items: bool = False
    """Items that only the catalogue names join the vocabulary (they can be recommended by text or knowledge).
    If false, such an item is left out, and where a triple names it, it is an entity like any other."""
    duplicates: str = "first"
    """What to do where a user has the same item more than once: first or last (by time, else in file order),
    error, or keep (streams: every event stays)."""
    overlap: str = "error"
    """What to do where a pair of user and item stands in two of the data's own parts: error, or first: it
    stays in the first of train, valid, test alone, for what is known there is nothing to predict later."""
    inverse_relations: str = "drop"
    """drop: of two relations that hold the same facts in opposite directions only one stays, for the graph
    adds reverse edges itself; keep: both stay, and those facts count twice."""
    behaviour_relations: list[str] = field(default_factory=list)
    """Relations that are behaviour in disguise (also_buy, also_view): only kg=full+behaviour uses them."""
    hidden_relations: list[str] = field(default_factory=list)
    """Relations that no model may see, such as the one that decides which items answer a query: they leave
    the triples, and a column of the catalogue of that name leaves the catalogue."""
    queries: str = ""
    """Where the queries behind interactions come from: query (a column of the interactions), a column of the
    catalogue (category: its words are the query of every interaction with the item), or empty = none."""
    filters: FilterConfig = field(default_factory=FilterConfig)
    split: SplitConfig = field(default_factory=SplitConfig)
    weights: WeightConfig = field(default_factory=WeightConfig)
    template: str = "{title}"
    """An item's text, over the columns of the catalogue, e.g. "{title} ({release_year})"."""
    encoder: str = "minilm"
    """Text encoder: minilm (English), the name of a folder under $KGREC_MODELS, or a model hub's id."""
