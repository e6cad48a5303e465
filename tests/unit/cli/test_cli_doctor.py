"""The doctor: each question answered well here, and each illness told with what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from mlops_nb.cli import checks_install, checks_store, race
from mlops_nb.store import Store
from mlops_nb.store.objects import Objects


def ask(call, *words: object) -> dict[str, dict]:
    told = call("doctor", "--json", *words)
    report = json.loads(told.stdout)
    assert told.exit_code == (0 if report["well"] else 1)
    return {check["what"]: check for check in report["checks"]}


def test_a_healthy_place(call, store: Store, own_place: Path) -> None:
    found = ask(call)
    for what in ("version", "packages", "papermill engine", "store", "format", "writable", "put-if-absent", "locks"):
        assert found[what]["level"] == "ok", found[what]
    assert found["store"]["found"] == f"{store.root} (found upward from here)"
    assert "pandas" in found["packages"]["found"]
    assert "scikit-learn" in found["extra sklearn"]["found"]
    assert not list(store.root.glob(".probe*")), "the probe was left behind"
    told = call("doctor")
    assert told.stdout.splitlines()[0].startswith("✓ ok    version")


def test_no_store_is_made(call, own_place: Path) -> None:
    assert "would be made here" in ask(call)["store"]["found"]
    assert list(own_place.iterdir()) == []


@pytest.mark.parametrize("how", ["--store", "MLOPS_NB_STORE", "pyproject.toml"])
def test_how_the_store_was_found_is_told(call, own_place: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    place, words = own_place / "elsewhere", []
    if how == "--store":
        words = ["--store", place]
    elif how == "MLOPS_NB_STORE":
        monkeypatch.setenv("MLOPS_NB_STORE", str(place))
    else:
        (own_place / how).write_text('[tool.mlops_nb]\nstore = "elsewhere"\n')
    found = ask(call, *words)
    assert found["store"]["found"].startswith(f"{place} (named by ")
    assert how in found["store"]["found"]
    if how == "MLOPS_NB_STORE":
        assert found["MLOPS_NB_STORE"]["found"].startswith(str(place))


@pytest.mark.parametrize(
    ("text", "remedy"),
    [('{"format":99,"store_id":"x"}', "pip install --upgrade"), ("damaged", "store repair"), (None, "store repair")],
)
def test_a_format_that_cannot_be_read(call, store: Store, text: str | None, remedy: str) -> None:
    path = store.root / "format.json"
    path.unlink() if text is None else path.write_text(text)
    found = ask(call)["store"]
    assert found["level"] == "fail"
    assert remedy in found["remedy"]


def test_a_store_that_is_a_file(call, own_place: Path) -> None:
    (own_place / "file").write_text("x")
    assert "is a file" in ask(call, "--store", "file")["store"]["found"]


def test_a_folder_where_both_win_is_told(call, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Objects, "put_named", lambda *_: True)
    found = ask(call)["put-if-absent"]
    assert found["level"] == "fail"
    assert found["found"].startswith(f"{race.ROUNDS} of {race.ROUNDS} files")


def test_a_folder_where_nobody_wins_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race, "ROUNDS", race.ROUNDS + 1)
    monkeypatch.setattr(Objects, "put_named", lambda *_: False)
    assert race.try_promises(tmp_path).broken_rounds >= 1


def test_a_folder_without_locks_is_told(call, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race.fcntl, "flock", lambda *_: None)
    assert ask(call)["locks"]["level"] == "fail"


def test_a_folder_that_cannot_be_tried_is_told(call, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(race.sys, "executable", "/bin/false")
    found = ask(call)["put-if-absent"]
    assert (found["level"], "did not come up" in found["found"]) == ("fail", True)


@pytest.mark.parametrize(("free", "level"), [(10**6, "fail"), (10**9, "warn"), (10**12, "ok")])
def test_free_space(call, store: Store, monkeypatch: pytest.MonkeyPatch, free: int, level: str) -> None:
    monkeypatch.setattr(checks_store.shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(free, 0, free))
    assert ask(call)["disk"]["level"] == level


def test_a_missing_package_and_a_missing_extra(call, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    before = checks_install._version
    monkeypatch.setattr(checks_install, "_version", lambda name: "" if name in {"rich", "skops"} else before(name))
    found = ask(call)
    assert (found["packages"]["level"], found["packages"]["remedy"]) == ("fail", "pip install rich")
    assert found["extra sklearn"]["level"] == "warn"
    assert "pip install 'mlops-nb[sklearn]'" in found["extra sklearn"]["remedy"]


def test_jupyters_parts(call, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, data = tmp_path / "config", tmp_path / "data"
    monkeypatch.setenv("JUPYTER_CONFIG_DIR", str(config))
    monkeypatch.setenv("JUPYTER_DATA_DIR", str(data))
    monkeypatch.setenv("JUPYTER_PREFER_ENV_PATH", "0")  # what the environment has installed comes behind
    (config / "jupyter_server_config.d").mkdir(parents=True)
    (config / "labconfig").mkdir()
    (data / "labextensions" / "mlops-nb").mkdir(parents=True)
    switch = config / "jupyter_server_config.d" / "mlops_nb.json"
    switch.write_text('{"ServerApp": {"jpserver_extensions": {"mlops_nb": true}}}')
    (data / "labextensions" / "mlops-nb" / "package.json").write_text('{"version": "0.1.0"}')
    found = ask(call)
    assert (found["server extension"]["level"], found["side panel"]["level"]) == ("ok", "ok")
    switch.write_text('{"ServerApp": {"jpserver_extensions": {"mlops_nb": false}}}')
    (config / "labconfig" / "page_config.json").write_text('{"disabledExtensions": {"mlops-nb": true}}')
    found = ask(call)
    assert found["server extension"]["remedy"] == "jupyter server extension enable mlops_nb"
    assert found["side panel"]["remedy"] == "jupyter labextension enable mlops-nb"
