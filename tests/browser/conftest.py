"""A real JupyterLab over a folder of its own, a real headless Chromium, and the verbs that a story is told with.

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
from typing import Any, NamedTuple

import nbformat
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
READY = """async () => {
    const widget = window.jupyterapp?.shell.currentWidget;
    if (!widget?.sessionContext) return false;
    await widget.sessionContext.ready;
    const kernel = widget.sessionContext.session?.kernel;
    if (!kernel) return false;
    await kernel.info;
    return kernel.connectionStatus === 'connected';
}"""


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


@pytest.fixture(scope="module")
def chromium() -> Iterator[object]:
    """A browser of the machine, driven by playwright.

    No longer than its module: while playwright is up its event loop runs in this thread, and no asynchronous test can.
    """
    sync_api = pytest.importorskip("playwright.sync_api", reason="the browser test needs playwright")
    named = os.environ.get("MLOPS_NB_CHROMIUM") or next(filter(None, map(shutil.which, BROWSERS)), None)
    if named is None:
        pytest.skip("no Chromium on PATH: apt-get install chromium, or set MLOPS_NB_CHROMIUM")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=named, headless=True, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
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


class Desk:
    """JupyterLab in the browser, with one notebook in a project folder of its own, and so a store of its own."""

    def __init__(self, lab: Lab, page: Any, folder: str) -> None:
        self.lab, self.page, self.folder = lab, page, lab.root / folder
        self.folder.mkdir()
        (self.folder / "pyproject.toml").touch()
        self.errors: list[str] = []
        self.answers: list[tuple[str, int]] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("response", lambda answer: self.answers.append((answer.url, answer.status)))

    @property
    def panel(self) -> Any:
        return self.page.locator("#mlops-nb-panel")

    @property
    def rows(self) -> Any:
        return self.panel.locator(".mlops-list .mlops-row")

    def open_notebook(self, *cells: str, name: str = "notebook.ipynb") -> None:
        """Write a notebook, open it, wait until its kernel is there, and show the panel."""
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.rstrip()) for cell in cells])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, self.folder / name)
        self.page.goto(self.lab.at(f"lab/tree/{self.folder.name}/{name}?reset"))
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        # What the page shows as "idle" is not: a cell run before the session exists hangs for ever.
        self.page.wait_for_function(READY, timeout=60_000)
        self.command("mlops-nb:open")
        self.panel.wait_for(timeout=20_000)

    def command(self, name: str, args: str = "{}") -> None:
        """Start a command. Never awaited in the page, where nothing would end the wait."""
        self.page.evaluate(f"() => {{ void window.jupyterapp.commands.execute('{name}', {args}); }}")

    def run_cell(self, at: int) -> None:
        self.page.evaluate(f"() => {{ window.jupyterapp.shell.currentWidget.content.activeCellIndex = {at}; }}")
        self.command("notebook:run-cell")

    def widen(self, pixels: int) -> None:
        """Drag the right side bar to a width."""
        box = self.page.locator("#jp-right-stack").bounding_box()
        y = box["y"] + box["height"] / 2
        self.page.mouse.move(box["x"] - 1, y)
        self.page.mouse.down()
        self.page.mouse.move(box["x"] + box["width"] - pixels, y, steps=4)
        self.page.mouse.up()

    def picture(self, path: Path) -> None:
        self.page.mouse.move(5, 5)
        self.page.screenshot(path=str(path))


@pytest.fixture
def desk(lab: Lab, chromium: Any, request: pytest.FixtureRequest) -> Iterator[Desk]:
    context = chromium.new_context(viewport={"width": 1400, "height": 860}, device_scale_factor=2)
    yield Desk(lab, context.new_page(), request.node.name)
    context.close()
