"""Serve a run: `python scripts/serve.py --run latest`, then open the address that it prints."""

import logging
import os
from pathlib import Path
from typing import Annotated

import typer

from kgrec.cli import refuse_politely
from kgrec.errors import ConfigError
from kgrec.online.config import OnlineConfig
from kgrec.online.event_log import EventLog
from kgrec.run import LATEST, find_run
from kgrec.serving.config import ServingConfig, load_serving_config
from kgrec.serving.keys import Keys, load_keys, random_keys

LOG_URL = "KGREC_LOG"


@refuse_politely
def main(
    run: Annotated[str, typer.Option(help="A run directory, or latest.")] = LATEST,
    log: Annotated[
        str | None,
        typer.Option(help="sqlite:///PATH or postgresql+psycopg://...; a file beside the run by default."),
    ] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen at; 127.0.0.1 by default.")] = None,
    port: Annotated[int | None, typer.Option(help="8000 by default; 0 = any free one.")] = None,
    keys: Annotated[Path | None, typer.Option(help="YAML file of keys; else $KGREC_KEYS.")] = None,
    config: Annotated[Path | None, typer.Option(help="YAML file of the service's settings.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of one matrix product.")] = 1,
    runs_dir: Annotated[Path, typer.Option(help="Where latest is looked for.")] = Path("runs"),
) -> None:
    """Recommend, search, explain and learn over HTTP, with a page to look at."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    # httpx and others would write addresses, and with them people's ids.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    settings = load_serving_config(config, host=host, port=port)
    known = keys_for(settings, keys)
    # Here, so that a wrong option is refused before torch is read.
    import torch

    from kgrec.online.live_model import LiveModel
    from kgrec.serving.app import create_app
    from kgrec.serving.server import serve

    torch.set_num_threads(threads)
    found = find_run(run, runs_dir)
    (found / "live").mkdir(exist_ok=True)
    url = log or os.environ.get(LOG_URL) or f"sqlite:///{found / 'live' / 'events.db'}"
    live = LiveModel.open(found, EventLog(url), OnlineConfig())
    try:
        serve(
            create_app(live, settings, known),
            settings,
            lambda address: print(f"ready: {address}", flush=True),
        )
    finally:
        live.close()


def keys_for(settings: ServingConfig, file: Path | None) -> Keys:
    """The keys that were given; new ones, printed once, for a service that only this machine can reach.

    Raises:
        ConfigError: no keys, and others can reach the service.
    """
    known = load_keys(file)
    if known is not None:
        return known
    if not settings.loopback:
        raise ConfigError(
            f"host {settings.host} can be reached by others: give keys by --keys FILE or in $KGREC_KEYS"
        )
    known, secrets = random_keys()
    for role, secret in secrets.items():
        print(f"key for {role.name.lower()}: {secret}", flush=True)
    return known


if __name__ == "__main__":
    typer.run(main)
