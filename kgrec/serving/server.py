"""Run the application: bind, say when it is ready, end cleanly on a signal."""

import logging
import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from kgrec.errors import ConfigError
from kgrec.serving.config import ServingConfig

log = logging.getLogger(__name__)


class _Server(uvicorn.Server):
    """Tells when it accepts connections."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Bind and start; then say so."""
        await super().startup(sockets)
        if self.started:
            self._ready()


def serve(app: FastAPI, config: ServingConfig, ready: Callable[[str], None]) -> None:
    """Answer until SIGTERM or SIGINT; ``ready`` is told the address.

    Raises:
        ConfigError: the address is taken or is none of this machine.
    """
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((config.host, config.port))
    except OSError as error:
        listening.close()
        raise ConfigError(
            f"cannot listen at {config.host} port {config.port} ({error.strerror}); choose another --port"
        ) from error
    host = f"[{config.host}]" if ":" in config.host else config.host
    address = f"http://{host}:{listening.getsockname()[1]}"
    options = uvicorn.Config(
        app,
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=config.shutdown_seconds,
        # Slow senders hold a connection, not a thread; too many of them are turned away.
        limit_concurrency=1000,
        timeout_keep_alive=30,
    )
    try:
        _Server(options, lambda: ready(address)).run([listening])
    finally:
        listening.close()
