"""Every address of the extension, in one table (a test walks it without a token).

Knows the handlers; used when the extension is loaded.
"""

from __future__ import annotations

from jupyter_server.utils import url_path_join
from tornado.web import RequestHandler

from mlops_nb.server import handlers

API = "mlops-nb/api"
_RUN = r"([0-9a-z-]{1,64})"
_DIGEST = r"([0-9a-f]{64})"

ROUTES: tuple[tuple[str, type[RequestHandler]], ...] = (
    ("health", handlers.HealthHandler),
    ("runs", handlers.RunsHandler),
    (f"runs/{_RUN}", handlers.RunHandler),
    (f"runs/{_RUN}/history", handlers.HistoryHandler),
    (f"runs/{_RUN}/artifacts/{_DIGEST}", handlers.ArtifactHandler),
    ("snapshots", handlers.SnapshotsHandler),
    ("models", handlers.ModelsHandler),
)


def handlers_under(base_url: str) -> list[tuple[str, type[RequestHandler]]]:
    """The table with whole addresses, for `Application.add_handlers`."""
    return [(url_path_join(base_url, API, address), handler) for address, handler in ROUTES]
