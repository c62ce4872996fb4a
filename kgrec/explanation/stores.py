"""Which graph database is meant."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from kgrec.explanation.graph_store import GraphStore

SERVERS = ("bolt", "bolt+s", "neo4j", "neo4j+s")


def open_store(place: str) -> GraphStore:
    """A file of LadybugDB, or a server as ``neo4j://USER:PASSWORD@HOST:PORT/DATABASE``.

    Raises:
        GraphStoreError: it cannot be opened.
    """
    parts = urlsplit(place)
    if parts.scheme in SERVERS:
        # Here, for the driver is needed by few.
        from kgrec.explanation.cypher_server import CypherServer

        host = f"[{parts.hostname}]" if parts.hostname and ":" in parts.hostname else parts.hostname
        address = f"{parts.scheme}://{host}:{parts.port or 7687}"
        user, password = unquote(parts.username or ""), unquote(parts.password or "")
        return CypherServer(address, user, password, parts.path.strip("/") or None)
    from kgrec.explanation.ladybug_store import LadybugStore

    return LadybugStore(Path(place))
