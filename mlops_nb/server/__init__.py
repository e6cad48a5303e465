"""The Jupyter server extension behind the side panel: the store's questions over HTTP, read-only.

Thin on purpose: `places` says which store a request means, `handlers` ask `mlops_nb.lineage` and answer with
records in their wire form, `routes` lists every address, `statuses` maps error codes to HTTP statuses.

Floor 6. Knows Jupyter Server; knows no notebook format, no magics, no SQL. Called by Jupyter Server through
the hooks below (which `mlops_nb/__init__.py` passes on) and by nobody else.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jupyter_server.serverapp import ServerApp

LABEXTENSION = "mlops-nb"
"""The panel's npm name, and so the name of its folder under share/jupyter/labextensions."""


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Tell Jupyter Server which module to load."""
    return [{"module": "mlops_nb.server"}]


def _jupyter_labextension_paths() -> list[dict[str, str]]:
    """Tell `jupyter labextension develop` where the built panel is (relative to the package)."""
    return [{"src": "labextension", "dest": LABEXTENSION}]


def _load_jupyter_server_extension(app: ServerApp) -> None:
    """Add the routes to a running server."""
    from mlops_nb.server.places import Places
    from mlops_nb.server.routes import handlers_under

    settings = app.web_app.settings
    settings["mlops_nb_places"] = Places(Path(settings.get("server_root_dir") or Path.cwd()).expanduser())
    app.web_app.add_handlers(".*$", handlers_under(settings["base_url"]))
    app.log.info("mlops_nb: serving runs, data and models to the side panel")
