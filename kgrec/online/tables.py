"""The tables of the log, the same in SQLite and PostgreSQL."""

from sqlalchemy import BigInteger, Column, Float, Integer, MetaData, String, Table, Text

METADATA = MetaData()

# SQLite numbers rows by itself only where the key is INTEGER; with AUTOINCREMENT no number is used twice, so
# that a reader who stopped at a position never misses what came after an erasure.
_POSITION = BigInteger().with_variant(Integer, "sqlite")

EVENTS = Table(
    "events",
    METADATA,
    Column("position", _POSITION, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("user_id", String, nullable=False, index=True),
    Column("item_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("weight", Float(53), nullable=False),
    Column("timestamp", Float(53), nullable=False),
    sqlite_autoincrement=True,
)
"""What people did, in the order in which it was acknowledged."""

ITEMS = Table(
    "items",
    METADATA,
    Column("position", _POSITION, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("title", Text, nullable=False),
    Column("description", Text),
    Column("facts", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""Items that came or changed; ``facts`` is a JSON list of [relation, entity id]."""

ERASED = Table(
    "erased",
    METADATA,
    Column("pseudonym", String, primary_key=True),
    Column("erased_at", Float(53), nullable=False),
)
"""Who was erased, as a keyed pseudonym, so that no older data bring them back."""

POSITIONS = Table(
    "positions",
    METADATA,
    Column("name", String, primary_key=True),
    Column("position", BigInteger, nullable=False),
)
"""Numbers that hold for the log as a whole: its identity, and how many erasures were made."""

ABOUT = Table(
    "about",
    METADATA,
    Column("name", String, primary_key=True),
    Column("value", String, nullable=False),
)
"""What holds for the log as a whole: a check of the pseudonyms' key."""
