"""A real JupyterLab with a store of its own, and a real headless Chromium.

Chromium is looked for on PATH (or named by MLOPS_NB_CHROMIUM); without one the tests skip, saying what to install.
Screenshots go to tests/output, or to the folder that MLOPS_NB_SCREENSHOTS names.
"""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
START_S = 60


class Lab(NamedTuple):
    url: str
    token: str
    root: Path
    pid: int

    def at(self, path: str) -> str:
        return f"{self.url}/{path}{'&' if '?' in path else '?'}token={self.token}"


def start_lab(home: Path, root: Path, port: int) -> subprocess.Popen[bytes]:
    """Start JupyterLab on `port`, with nothing of this machine's user in it. The token is in `home / token`."""
    settings = home / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    token = home / "token"
    if not token.exists():
        token.write_text(secrets.token_hex(16))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("JUPYTER", "MLOPS_NB_"))}
    env = {
        **inherited,
        "HOME": str(home),
        "XDG_CACHE_HOME": str(home / "cache"),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(home / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(home / "workspaces"),
    }
    command = [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}"]
    options = [
        "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token.read_text()}",
        f"--ServerApp.root_dir={root}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.expose_app_in_browser=True",
        "--LabApp.extension_manager=readonly",
    ]
    with (home / "lab.log").open("ab") as log:
        process = subprocess.Popen([*command, *options], stdout=log, stderr=subprocess.STDOUT, env=env)
    deadline = time.monotonic() + START_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/api/status?token={token.read_text()}", timeout=2).close()
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
        else:
            return process
    stop_lab(process)
    raise RuntimeError(f"JupyterLab did not start:\n{(home / 'lab.log').read_text()}")


def stop_lab(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(10)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """A browser of the machine, driven by playwright."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="the browser test needs playwright")
    named = os.environ.get("MLOPS_NB_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if named is None:
        pytest.skip("no Chromium on PATH: apt-get install chromium, or set MLOPS_NB_CHROMIUM")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=named, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    """A JupyterLab over an empty folder with one notebook."""
    root, home = tmp_path_factory.mktemp("work"), tmp_path_factory.mktemp("home")
    port = free_port()
    process = start_lab(home, root, port)
    yield Lab(f"http://127.0.0.1:{port}", (home / "token").read_text(), root, process.pid)
    stop_lab(process)


@pytest.fixture(scope="session")
def pictures() -> Path:
    """Where screenshots go."""
    folder = Path(os.environ.get("MLOPS_NB_SCREENSHOTS") or Path(__file__).parents[1] / "output")
    folder.mkdir(parents=True, exist_ok=True)
    return folder
