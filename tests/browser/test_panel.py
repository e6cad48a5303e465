"""One story, told in a real browser: the panel stands open while the cells of a notebook run beside it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import nbformat
import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

SETUP = "%load_ext mlops_nb"
BASELINE = """\
%%track diabetes --name baseline -t demo
import matplotlib.pyplot as plt
import mlops_nb as mb
from sklearn.datasets import load_diabetes
from sklearn.ensemble import GradientBoostingRegressor
from sklearn.model_selection import train_test_split

frame = load_diabetes(as_frame=True).frame
train, test = train_test_split(frame, random_state=7)
learning_rate = 0.05
n_estimators = 120
model = GradientBoostingRegressor(learning_rate=learning_rate, n_estimators=n_estimators, random_state=7)
model.fit(train.drop(columns="target"), train["target"])
for step, guess in enumerate(model.staged_predict(test.drop(columns="target"))):
    mb.log(step, rmse=((guess - test["target"]) ** 2).mean() ** 0.5)
r2 = model.score(test.drop(columns="target"), test["target"])
print(f"r2 {r2:.3f} after {n_estimators} trees")
figure, axes = plt.subplots(figsize=(4, 3))
axes.scatter(test["target"], guess, s=12)
axes.set(xlabel="measured", ylabel="predicted", title="Disease progression")
"""
FAILING = """\
%%track diabetes --name "wrong column"
frame["missing"].mean()
"""
LIVE = """\
%%track diabetes --name "live training"
import pathlib, time
import mlops_nb as mb
epochs = 400
for epoch in range(epochs):
    mb.log(epoch, loss=1 / (1 + epoch), accuracy=1 - 0.6 / (1 + epoch))
    if pathlib.Path("stop").exists():
        break
    time.sleep(0.2)
"""
HOSTILE = """\
%%track hostile
import mlops_nb as mb
evil = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"
mb.log_param(evil, evil)
mb.set_tag(evil, evil)
print(evil)
pathlib.Path("<i>evil.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg' onload='parent.hacked=1'/>")
mb.log_artifact("<i>evil.svg")
raise ValueError(evil)
"""
READY = """async () => {
    const widget = window.jupyterapp?.shell.currentWidget;
    if (!widget?.sessionContext) return false;
    await widget.sessionContext.ready;
    const kernel = widget.sessionContext.session?.kernel;
    if (!kernel) return false;
    await kernel.info;
    return kernel.connectionStatus === 'connected';
}"""


class Page:
    """JupyterLab in a browser, with the verbs of this story."""

    def __init__(self, lab: Any, page: Any) -> None:
        self.lab, self.page = lab, page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.requests: list[tuple[str, int]] = []
        page.on("response", lambda answer: self.requests.append((answer.url, answer.status)))

    @property
    def panel(self) -> Any:
        return self.page.locator("#mlops-nb-panel")

    def open_notebook(self, name: str) -> None:
        self.page.goto(self.lab.at(f"lab/tree/{name}?reset"))
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
        # What the page shows as "idle" is not: a cell run before the session exists hangs for ever.
        self.page.wait_for_function(READY, timeout=60_000)

    def command(self, name: str, args: str = "{}") -> None:
        """Start a command. Never awaited in the page, where nothing would end the wait."""
        self.page.evaluate(f"() => {{ void window.jupyterapp.commands.execute('{name}', {args}); }}")

    def run_cell(self, at: int) -> None:
        self.page.evaluate(f"() => {{ window.jupyterapp.shell.currentWidget.content.activeCellIndex = {at}; }}")
        self.command("notebook:run-cell")

    def widen(self, pixels: int) -> None:
        """Give the right side bar a width."""
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
def page(lab: Any, chromium: Any) -> Any:
    context = chromium.new_context(viewport={"width": 1400, "height": 860}, device_scale_factor=2)
    made = Page(lab, context.new_page())
    yield made
    context.close()


def write_notebook(folder: Path, name: str, *cells: str) -> None:
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell.rstrip()) for cell in cells])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, folder / name)


def test_runs_appear_beside_the_notebook(page: Any, pictures: Path) -> None:
    from playwright.sync_api import expect

    write_notebook(page.lab.root, "diabetes.ipynb", SETUP, BASELINE, FAILING, LIVE)
    page.open_notebook("diabetes.ipynb")
    page.command("mlops-nb:open")
    panel = page.panel
    expect(panel).to_contain_text("No runs yet")
    expect(panel).to_contain_text("%load_ext mlops_nb")
    page.widen(340)

    # A run appears without a reload, with its card in the cell.
    page.run_cell(0)
    page.run_cell(1)
    rows = panel.locator(".mlops-row")
    expect(rows).to_have_count(1, timeout=60_000)
    expect(rows.first).to_contain_text("baseline")
    expect(rows.first).to_contain_text("Completed", timeout=60_000)
    expect(rows.first).to_contain_text("rmse")
    card = page.page.locator(".jp-OutputArea-output a[data-commandlinker-command='mlops-nb:open-run']")
    expect(card).to_have_count(1)

    page.run_cell(2)
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Failed")
    expect(rows.first).to_contain_text("KeyError")

    # A run in progress shows its metrics as they come.
    page.run_cell(3)
    expect(rows).to_have_count(3)
    expect(rows.first).to_contain_text("Running")
    expect(panel.get_by_role("tab", name="Runs")).to_contain_text("1")
    before = rows.first.locator(".mlops-metric").first.inner_text(timeout=10_000)
    page.page.wait_for_function(
        "before => document.querySelector('.mlops-row .mlops-metric').innerText !== before", arg=before, timeout=10_000
    )
    page.picture(pictures / "panel-light.png")
    rows.first.click()
    expect(panel.locator(".mlops-chart-line").first).to_be_visible()
    page.picture(pictures / "details-live.png")
    (page.lab.root / "stop").touch()
    expect(panel.locator(".mlops-headline")).to_contain_text("Completed", timeout=20_000)
    panel.get_by_role("button", name="Back to the list").click()

    # An unchanged list costs an empty answer.
    page.page.wait_for_timeout(4_000)
    lists = [status for url, status in page.requests if "/mlops-nb/api/runs?" in url]
    assert 304 in lists
    assert set(lists) <= {200, 304}

    # The filter, and the details behind the card's link.
    panel.get_by_placeholder("Filter runs").fill("baseline r2")
    expect(rows).to_have_count(1)
    panel.get_by_placeholder("Filter runs").fill("")
    card.first.click()
    expect(panel.locator("h2")).to_have_text("baseline")
    expect(panel).to_contain_text("learning_rate")
    expect(panel.locator(".mlops-figure img").first).to_be_visible()
    page.picture(pictures / "details-light.png")

    page.command("apputils:change-theme", "{theme: 'JupyterLab Dark'}")
    expect(page.page.locator("body")).to_have_attribute("data-jp-theme-light", "false", timeout=20_000)
    page.page.wait_for_timeout(500)
    page.picture(pictures / "details-dark.png")

    # The keyboard alone: back, up the list, in again.
    page.page.keyboard.press("Escape")
    expect(rows.nth(2)).to_be_focused()
    page.picture(pictures / "panel-dark.png")
    page.widen(280)
    rows.nth(2).focus()
    page.page.keyboard.press("ArrowUp")
    page.picture(pictures / "panel-narrow.png")
    page.page.keyboard.press("Enter")
    expect(panel.locator("h2")).to_have_text("wrong column")
    expect(panel).to_contain_text("KeyError")
    page.picture(pictures / "details-narrow.png")
    assert page.errors == [], [answer for answer in page.requests if answer[1] >= 400]
    if wanted := os.environ.get("MLOPS_NB_README_PICTURE"):
        Path(wanted).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(pictures / "panel-light.png", wanted)
