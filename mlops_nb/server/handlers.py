"""One handler an address. Each only reads the request, asks `mlops_nb.lineage` in a thread, and answers.

Knows HTTP and the questions; decides nothing. Used by `routes`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib.metadata import version
from typing import Any
from urllib.parse import quote

from jupyter_server.auth.decorator import authorized
from jupyter_server.base.handlers import APIHandler
from tornado.web import authenticated

from mlops_nb import lineage
from mlops_nb.errors import MlopsNbError, NotFoundError, UsageError
from mlops_nb.records.curves import thin
from mlops_nb.records.wire import encode, to_plain
from mlops_nb.server.curves import plain_point
from mlops_nb.server.places import Places
from mlops_nb.server.statuses import http_status
from mlops_nb.store import Store

MAX_RUNS = 1_000
_INLINE = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml"})


class _Handler(APIHandler):
    """What all addresses share: which store, answers, errors."""

    auth_resource = "mlops_nb"
    _track_activity = False  # a panel that polls must not keep an idle server awake

    @property
    def places(self) -> Places:
        """The stores that this server knows."""
        places: Places = self.settings["mlops_nb_places"]
        return places

    @property
    def notebook(self) -> str:
        """Whose store is meant: a notebook's path below the root folder, or ''."""
        return str(self.get_query_argument("notebook", "")).strip("/")

    async def answer(self, ask: Callable[[Store], Any]) -> None:
        """Ask the store in a thread, so that a slow disk never holds up the server, and send the answer as JSON."""
        found = await self.ask(ask)
        if found is not None:
            # Tornado adds the ETag and answers 304 where the reader has this very body already.
            await self.finish(encode(found))

    async def ask(self, ask: Callable[[Store], Any]) -> Any | None:
        """The answer in plain values; None when the answer was an error, which has then been sent."""
        places, notebook = self.places, self.notebook
        try:
            return await asyncio.to_thread(lambda: ask(places.store_for(notebook)))
        except MlopsNbError as fault:
            self.set_status(http_status(fault))
            await self.finish(encode(fault.to_dict()))
            return None


class HealthHandler(_Handler):
    """Is the extension there, which version, which store."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer `{"version", "store"}`."""
        await self.answer(lambda store: {"version": version("mlops-nb"), "store": self.places.shown(store.root)})


class RunsHandler(_Handler):
    """The newest runs. `scope=notebook` leaves only those of the notebook that `notebook` names."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer `{"runs", "store"}`. Query: notebook, scope, experiment, status, where, order, limit (200)."""
        narrowed = self.get_query_argument("scope", "all") == "notebook"
        experiment = self.get_query_argument("experiment", None)
        status = self.get_query_argument("status", None)
        where, order = self.get_query_argument("where", ""), self.get_query_argument("order", "")
        limit = self.get_query_argument("limit", "200")
        notebook, places = self.notebook, self.places

        def ask(store: Store) -> Any:
            runs = lineage.list_runs(
                store,
                experiment=experiment,
                status=status,
                notebook=places.names_of(notebook) if narrowed and notebook else None,
                where=where,
                order=order,
                limit=_limit(limit),
            )
            return {"runs": to_plain(runs), "store": places.shown(store.root)}

        await self.answer(ask)


class RunHandler(_Handler):
    """One run, the rest of its story, and the runs that it started."""

    @authenticated
    @authorized
    async def get(self, reference: str) -> None:
        """Answer `{"run", "details", "children"}`. `reference` is an id, its beginning or its last part."""

        def ask(store: Store) -> Any:
            run = lineage.get_run(store, reference)
            return {
                "run": to_plain(run),
                "details": to_plain(lineage.get_details(store, run.id)),
                "children": to_plain(lineage.list_runs(store, parent=run.id, limit=MAX_RUNS)),
            }

        await self.answer(ask)


class HistoryHandler(_Handler):
    """The curve of one metric."""

    @authenticated
    @authorized
    async def get(self, reference: str) -> None:
        """Answer `{"key", "count", "points"}`. Query: key."""
        key = self.get_query_argument("key")

        def ask(store: Store) -> Any:
            points = lineage.get_history(store, lineage.get_run(store, reference).id, key)
            return {"key": key, "count": len(points), "points": [plain_point(point) for point in thin(points)]}

        await self.answer(ask)


class ArtifactHandler(_Handler):
    """The bytes of a run's artifact. Whatever they are, the browser may show them only as an inert picture."""

    @property
    def content_security_policy(self) -> str:
        """Opened by itself, the answer is an empty sandbox: no scripts, no requests, no origin."""
        return "sandbox; default-src 'none'; style-src 'unsafe-inline'"

    @authenticated
    @authorized
    async def get(self, reference: str, digest: str) -> None:
        """Answer with the bytes, if the artifact is this run's own."""

        def ask(store: Store) -> Any:
            run = lineage.get_run(store, reference)
            for artifact in lineage.get_details(store, run.id).artifacts:
                if artifact.digest == digest:
                    return artifact, store.objects.get(digest)
            raise NotFoundError(f"run {run.id} has no artifact {digest[:12]}", hint="open the run's page again")

        found = await self.ask(ask)
        if found is None:
            return
        artifact, data = found
        inline = artifact.media_type in _INLINE
        self.set_header("X-Content-Type-Options", "nosniff")
        self.set_header("Cache-Control", "private, max-age=31536000, immutable")
        # RFC 6266: the name is percent-encoded, so no character of it can end the header.
        name = quote(artifact.name.rpartition("/")[2] or "artifact", safe="")
        self.set_header("Content-Disposition", f"{'inline' if inline else 'attachment'}; filename*=UTF-8''{name}")
        await self.finish(data, set_content_type=artifact.media_type if inline else "application/octet-stream")


class SnapshotsHandler(_Handler):
    """All snapshots, newest first."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer `{"snapshots"}`."""
        await self.answer(lambda store: {"snapshots": to_plain(lineage.list_snapshots(store))})


class ModelsHandler(_Handler):
    """All model versions, newest first."""

    @authenticated
    @authorized
    async def get(self) -> None:
        """Answer `{"models"}`."""
        await self.answer(lambda store: {"models": to_plain(lineage.list_models(store))})


def _limit(text: str) -> int:
    if text.isascii() and text.isdigit() and 0 < len(text) <= 6 and int(text) > 0:
        return min(int(text), MAX_RUNS)
    raise UsageError(f"limit={text!r} is no count", hint=f"give a number from 1 to {MAX_RUNS}")
