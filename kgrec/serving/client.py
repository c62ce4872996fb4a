"""A typed client of the service: `with Client(address, key) as client: client.recommend("196")`."""

import time
import uuid
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
from pydantic import BaseModel, ValidationError

from kgrec.errors import KgrecError
from kgrec.serving.schemas import (
    Erased,
    EventIn,
    Health,
    ItemDetails,
    ItemIn,
    ItemOut,
    ItemPut,
    Items,
    PathOut,
    Paths,
    Recorded,
    SearchOut,
    Suggestion,
    Suggestions,
)

Answer = TypeVar("Answer", bound=BaseModel)
WORTH_ANOTHER_TRY = (429, 503)


class ServiceError(KgrecError):
    """The service refused or failed; ``status`` is 0 where it was not reached."""

    def __init__(self, status: int, detail: str) -> None:
        super().__init__(f"{status}: {detail}" if status else detail)
        self.status = status


class Client:
    """One connection pool to one service; may be used from several threads.

    What was not reached, is busy (503) or too fast (429) is tried again, after as long as the service says.
    All calls may be repeated safely: events keep their ids, so that one counts once however often it is sent.
    """

    def __init__(self, address: str, key: str, tries: int = 3, seconds: float = 10.0) -> None:
        """``seconds``: how long one try may take; ``tries``: at least 1."""
        self.tries = tries
        self._http = httpx.Client(base_url=address, headers={"X-API-Key": key}, timeout=seconds)

    def __enter__(self) -> "Client":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def health(self) -> Health:
        """Whether the service answers."""
        return self._ask(Health, "GET", "/health")

    def recommend(self, user: str, k: int = 10) -> list[ItemOut]:
        """The best ``k`` items for a person. Raises ServiceError, as all calls do."""
        return self._ask(Items, "GET", "/recommend", params={"user": user, "k": k}).items

    def recommend_for_history(
        self, history: Sequence[str] | Mapping[str, float], k: int = 10
    ) -> list[ItemOut]:
        """The best ``k`` items for somebody with this history."""
        sent = dict(history) if isinstance(history, Mapping) else list(history)
        return self._ask(Items, "POST", "/recommend", json={"history": sent, "k": k}).items

    def similar(self, item: str, k: int = 10) -> list[ItemOut]:
        """The ``k`` items nearest to one."""
        return self._ask(Items, "GET", "/similar", params={"item": item, "k": k}).items

    def search(
        self,
        query: str,
        user: str | None = None,
        k: int = 10,
        filters: Mapping[str, Sequence[str]] | None = None,
        facets: bool = False,
    ) -> SearchOut:
        """Items for a text; ``filters``: attribute -> values, any of which will do."""
        chosen = [f"{quote(name)}:{value}" for name, values in (filters or {}).items() for value in values]
        params: dict[str, Any] = {"q": query, "k": k, "filter": chosen, "facets": facets}
        return self._ask(SearchOut, "GET", "/search", params=params | ({"user": user} if user else {}))

    def suggest(self, typed: str, k: int = 8) -> list[Suggestion]:
        """What somebody may be typing."""
        return self._ask(Suggestions, "GET", "/suggest", params={"q": typed, "k": k}).suggestions

    def explain(self, user: str, item: str, k: int = 3, language: str = "en") -> list[PathOut]:
        """Why an item may suit a person."""
        params: dict[str, Any] = {"user": user, "item": item, "k": k, "language": language}
        return self._ask(Paths, "GET", "/explain", params=params).paths

    def record(self, events: Sequence[EventIn]) -> int:
        """Write events; how many were new.

        One without a time gets it here: tried again after its person was erased, it has to be the older.
        """
        now = {"timestamp": time.time()}
        timed = [e if e.timestamp is not None else e.model_copy(update=now) for e in events]
        sent = {"events": [event.model_dump(mode="json") for event in timed]}
        return self._ask(Recorded, "POST", "/events", json=sent).recorded

    def click(self, user: str, item: str, kind: str = "click") -> int:
        """Write one event under an id of its own."""
        return self.record(
            [EventIn(id=uuid.uuid4().hex, user=user, item=item, kind=kind, timestamp=time.time())]
        )

    def item(self, item: str) -> ItemDetails:
        """What is known of an item."""
        return self._ask(ItemDetails, "GET", f"/items/{quote(item, safe='')}")

    def put_item(self, item: ItemIn) -> bool:
        """Add or change an item; whether it was new."""
        return self._ask(ItemPut, "PUT", "/items", json=item.model_dump(mode="json")).new

    def erase(self, user: str) -> int:
        """Forget a person; how many events there were."""
        return self._ask(Erased, "DELETE", f"/users/{quote(user, safe='')}").erased

    def _ask(self, kind: type[Answer], method: str, path: str, **options: Any) -> Answer:
        for left in range(self.tries - 1, -1, -1):
            try:
                answer = self._http.request(method, path, **options)
            except httpx.TransportError as error:
                if left == 0:
                    raise ServiceError(0, f"{self._http.base_url} does not answer ({error})") from error
                time.sleep(0.2)
                continue
            if answer.is_success:
                return _read(kind, answer)
            if answer.status_code not in WORTH_ANOTHER_TRY or left == 0:
                raise ServiceError(answer.status_code, _detail(answer))
            time.sleep(_pause(answer))
        raise AssertionError("the loop ends by answer or error")


def _read(kind: type[Answer], answer: httpx.Response) -> Answer:
    try:
        return kind.model_validate_json(answer.content)
    except ValidationError as error:
        # Most often the page of a proxy, or of another program at this address.
        raise ServiceError(
            answer.status_code, f"{answer.url.path} answered what is no {kind.__name__}"
        ) from error


def _pause(answer: httpx.Response) -> float:
    """Seconds until the next try: what the service says, as far as it is a number, and 5 at most."""
    said = answer.headers.get("Retry-After", "1")
    return min(5.0, float(said)) if said.isdecimal() else 1.0


def _detail(answer: httpx.Response) -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        return answer.reason_phrase
