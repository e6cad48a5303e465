"""A real Jupyter server over a real store, asked over HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from tornado.httpclient import HTTPClientError, HTTPResponse

from mlops_nb.records.runs import Run, RunDetails
from mlops_nb.server.routes import API, ROUTES
from mlops_nb.store import Store, open_store
from mlops_nb.tracking.start import start_run

pytest_plugins = ["pytest_jupyter.jupyter_server"]

Fetch = Callable[..., Awaitable[HTTPResponse]]
EXAMPLES = {r"([0-9a-z-]{1,64})": "20260101-120000-abc123", r"([0-9a-f]{64})": "0" * 64}


@pytest.fixture
def jp_server_config() -> dict[str, Any]:
    return {"ServerApp": {"jpserver_extensions": {"mlops_nb": True}}}


@pytest.fixture
def store(jp_root_dir: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Store:
    monkeypatch.delenv("MLOPS_NB_STORE", raising=False)
    monkeypatch.setenv("MLOPS_NB_CACHE", str(tmp_path / "cache"))
    return open_store(start=jp_root_dir)


async def ask(jp_fetch: Fetch, *path: str, **query: str) -> Any:
    answer = await jp_fetch(*API.split("/"), *path, params=query)
    return json.loads(answer.body)


async def refused(jp_fetch: Fetch, *path: str, **options: Any) -> tuple[int, dict[str, Any]]:
    with pytest.raises(HTTPClientError) as fault:
        await jp_fetch(*API.split("/"), *path, **options)
    assert fault.value.response is not None
    return fault.value.code, json.loads(fault.value.response.body)


def examples() -> list[str]:
    found = []
    for route, _ in ROUTES:
        address = route
        for pattern, example in EXAMPLES.items():
            address = address.replace(pattern, example)
        assert "(" not in address, "a new kind of route needs an example above"
        found.append(address)
    return found


@pytest.mark.parametrize("address", examples())
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"])
async def test_nothing_without_the_token(store: Store, jp_fetch: Fetch, address: str, method: str) -> None:
    # A wrong token: pytest-jupyter would add the right one to a request that has none.
    with pytest.raises(HTTPClientError) as fault:
        await jp_fetch(
            *API.split("/"),
            *address.split("/"),
            method=method,
            headers={"Authorization": "token wrong"},
            allow_nonstandard_methods=True,
        )
    # 405 is tornado's word for "no such method"; it is said before anybody is asked who they are.
    assert fault.value.code in ({401, 403} if method == "GET" else {401, 403, 405})


async def test_fresh_folder_is_empty_and_stays_so(store: Store, jp_fetch: Fetch, jp_root_dir: Path) -> None:
    assert await ask(jp_fetch, "runs") == {"runs": [], "store": ".mlops_nb"}
    assert await ask(jp_fetch, "snapshots") == {"snapshots": []}
    assert await ask(jp_fetch, "models") == {"models": []}
    assert (await ask(jp_fetch, "health"))["store"] == ".mlops_nb"
    assert not (jp_root_dir / ".mlops_nb").exists()


async def test_run_while_it_runs_and_after(store: Store, jp_fetch: Fetch) -> None:
    run = start_run(store, experiment="delays", kind="cell", name="bold", params={"depth": 4}, source="x=1")
    run.log_metric("loss", 0.5, step=1)
    run.log_metric("loss", float("nan"), step=2)
    (found,) = (await ask(jp_fetch, "runs"))["runs"]
    assert (found["status"], found["metrics"]["loss"]["last"]) == ("running", "nan")
    assert set(found) == set(Run.__struct_fields__)

    run.finish()
    page = await ask(jp_fetch, "runs", run.id[-6:])
    assert page["run"]["status"] == "completed"
    assert page["run"]["params"] == {"depth": 4}
    assert page["details"]["source"] == "x=1"
    assert set(page["details"]) == set(RunDetails.__struct_fields__)
    curve = await ask(jp_fetch, "runs", run.id, "history", key="loss")
    assert [(point["step"], point["value"]) for point in curve["points"]] == [(1, 0.5), (2, "nan")]


async def test_questions_narrow(store: Store, jp_fetch: Fetch, jp_root_dir: Path) -> None:
    parent = start_run(store, experiment="a", kind="notebook", notebook=str(jp_root_dir / "n.ipynb"))
    child = start_run(store, experiment="b", kind="cell", parent_run_id=parent.id)
    child.finish()
    parent.finish("failed")
    every = [run["id"] for run in (await ask(jp_fetch, "runs"))["runs"]]
    assert set(every) == {parent.id, child.id}

    async def ids(**query: str) -> list[str]:
        return [run["id"] for run in (await ask(jp_fetch, "runs", **query))["runs"]]

    assert await ids(experiment="b") == [child.id]
    assert await ids(status="failed") == [parent.id]
    assert await ids(limit="1") == every[:1]
    assert await ids(notebook="n.ipynb", scope="notebook") == [parent.id]
    assert await ids(notebook="n.ipynb") == every
    assert [run["id"] for run in (await ask(jp_fetch, "runs", parent.id))["children"]] == [child.id]


async def test_unchanged_list_costs_nothing(store: Store, jp_fetch: Fetch) -> None:
    run = start_run(store, experiment="delays", kind="cell")
    first = await jp_fetch(*API.split("/"), "runs")
    known = {"If-None-Match": first.headers["ETag"]}
    with pytest.raises(HTTPClientError) as unchanged:
        await jp_fetch(*API.split("/"), "runs", headers=known)
    assert unchanged.value.code == 304
    assert unchanged.value.response is not None
    assert not unchanged.value.response.body
    run.log_metric("loss", 1.0)
    assert (await jp_fetch(*API.split("/"), "runs", headers=known)).code == 200
    run.finish()


async def test_artifacts_are_inert_and_only_the_runs_own(store: Store, jp_fetch: Fetch) -> None:
    run, other = (start_run(store, experiment="delays", kind="cell") for _ in range(2))
    evil = b"<html><script>alert(1)</script>"
    run.log_artifact(evil, name="../a\"; x='ü%0d%0aX-Evil: 1.html", media_type="text/html")
    run.log_artifact(b"<svg/>", name="plot.svg", media_type="image/svg+xml")
    run.finish()
    other.finish()
    page, plot = (await ask(jp_fetch, "runs", run.id))["details"]["artifacts"]
    for artifact, kind, where in ((page, "application/octet-stream", "attachment"), (plot, "image/svg+xml", "inline")):
        answer = await jp_fetch(*API.split("/"), "runs", run.id, "artifacts", artifact["digest"])
        assert answer.headers["Content-Type"] == kind
        assert answer.headers["Content-Disposition"].startswith(f"{where}; filename*=UTF-8''")
        assert answer.headers["Content-Security-Policy"].startswith("sandbox")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert "X-Evil" not in answer.headers
    code, body = await refused(jp_fetch, "runs", other.id, "artifacts", page["digest"])
    assert (code, body["code"]) == (404, "not-found")


async def test_bad_questions_say_what_to_do(store: Store, jp_fetch: Fetch) -> None:
    for query in ({"limit": "0"}, {"limit": "many"}, {"status": "sleeping"}, {"notebook": "a\x7fb.ipynb"}):
        code, body = await refused(jp_fetch, "runs", params=query)
        assert (code, body["code"]) == (400, "usage"), query
        assert body["hint"]
    for path, query in ((("runs", "nowhere"), {}), (("runs",), {"notebook": "../../x.ipynb"})):
        code, body = await refused(jp_fetch, *path, params=query)
        assert (code, body["code"]) == (404, "not-found")
        assert body["message"]


async def test_damaged_store_is_told(store: Store, jp_fetch: Fetch) -> None:
    start_run(store, experiment="delays", kind="cell").finish()
    (store.root / "format.json").write_bytes(b'{"format": 999, "store_id": "x"}')
    code, body = await refused(jp_fetch, "runs")
    assert (code, body["code"]) == (501, "store-too-new")


async def test_slow_disk_holds_nobody_up(store: Store, jp_fetch: Fetch, monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    from mlops_nb.server import handlers

    def slow(*_: object, **__: object) -> list[object]:
        time.sleep(0.5)
        return []

    monkeypatch.setattr(handlers.lineage, "list_models", slow)
    waiting = asyncio.ensure_future(ask(jp_fetch, "models"))
    await asyncio.sleep(0.1)
    begun = time.monotonic()
    await ask(jp_fetch, "health")
    assert not waiting.done()
    assert time.monotonic() - begun < 0.4
    await waiting


async def test_runs_are_asked_for_by_condition_and_order(store: Store, jp_fetch: Fetch) -> None:
    for rate in (0.1, 0.2, 0.3):
        run = start_run(store, experiment="e", kind="script", params={"lr": rate})
        run.log_metric("auc", rate)
        run.finish()
    found = await ask(jp_fetch, "runs", where="params.lr < 0.3", order="-metrics.auc")
    assert [run["params"]["lr"] for run in found["runs"]] == [0.2, 0.1]
    found = await ask(jp_fetch, "runs", scope="notebook", notebook="a.ipynb", order="-metrics.auc")
    assert found["runs"] == []
    status, body = await refused(jp_fetch, "runs", params={"where": "params.lr <", "order": "started"})
    assert status == 400
    assert (body["code"], body["query"], body["at"]) == ("query", "params.lr <", 11)
    assert "fields: metrics.K" in body["hint"]
