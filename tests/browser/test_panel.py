"""The side panel in a real JupyterLab: it stands open while the cells of a notebook run beside it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from mlops_nb.store import Store
from mlops_nb.tracking.start import start_run

playwright = pytest.importorskip("playwright.sync_api", reason="the browser test needs playwright")
expect = playwright.expect
pytestmark = [pytest.mark.browser, pytest.mark.timeout(300)]

LOAD = "%load_ext mlops_nb"
SWEEP = """\
import mlops_nb as mb
from sklearn.datasets import load_diabetes
from sklearn.ensemble import GradientBoostingRegressor as Boosting
from sklearn.model_selection import train_test_split

frame = load_diabetes(as_frame=True).frame
train, test = train_test_split(frame, random_state=7)
inputs, target = list(frame.columns[:-1]), "target"
for depth in (2, 3):
    with mb.track("diabetes", name=f"depth {depth}", params={"max_depth": depth}) as run:
        model = Boosting(max_depth=depth, random_state=7).fit(train[inputs], train[target])
        run.log_metric("r2", model.score(test[inputs], test[target]))
"""
BASELINE = """\
%%track diabetes --name baseline -t demo
import matplotlib.pyplot as plt

learning_rate = 0.05
n_estimators = 120
model = Boosting(learning_rate=learning_rate, n_estimators=n_estimators, random_state=7)
model.fit(train[inputs], train[target])
for step, guess in enumerate(model.staged_predict(test[inputs])):
    mb.log(step, rmse=((guess - test[target]) ** 2).mean() ** 0.5)
r2 = model.score(test[inputs], test[target])
print(f"r2 {r2:.3f} after {n_estimators} trees")
mb.snapshot(train, "diabetes-train", message="three quarters, shuffled")
mb.register(model, "progression", alias="challenger")
figure, axes = plt.subplots(figsize=(4, 2.6))
axes.scatter(test[target], guess, s=10)
axes.set(xlabel="measured", ylabel="predicted", title="Disease progression");
"""
LIVE = """\
%%track diabetes --name "live training"
import pathlib, time

epochs = 400
for epoch in range(epochs):
    mb.log(epoch, loss=1 / (1 + epoch), accuracy=1 - 0.6 / (1 + epoch))
    if pathlib.Path("stop").exists():
        break
    time.sleep(0.2)
"""
HOSTILE = """\
%%track hostile
import pathlib
import mlops_nb as mb

evil = "<img src=x onerror='window.hacked=1'><script>window.hacked=1</script>"
mb.log_param(evil, evil)
mb.set_tag(evil, evil)
pathlib.Path("<i>evil.svg").write_text("<svg xmlns='http://www.w3.org/2000/svg' onload='parent.hacked=1'/>")
mb.log_artifact("<i>evil.svg")
raise ValueError(evil)
"""


def test_runs_appear_beside_the_notebook(desk: Any, pictures: Path) -> None:
    panel, rows = desk.panel, desk.rows
    desk.open_notebook(LOAD, SWEEP, BASELINE, LIVE, name="diabetes.ipynb")
    desk.widen(340)
    expect(panel).to_contain_text("No runs yet")
    expect(panel).to_contain_text("%load_ext mlops_nb")

    # Runs appear without a reload, and the tracked cell has its card.
    for cell in range(3):
        desk.run_cell(cell)
    expect(rows).to_have_count(3, timeout=90_000)
    expect(rows.first).to_contain_text("baseline")
    expect(rows.first).to_contain_text("Completed", timeout=60_000)
    expect(rows.first).to_contain_text("rmse")
    card = desk.page.locator(".jp-OutputArea-output a[data-commandlinker-command='mlops-nb:open-run']")
    expect(card).to_have_count(1)
    panel.get_by_role("button", name="This notebook").click()
    expect(rows).to_have_count(3)
    panel.get_by_role("button", name="All", exact=True).click()

    # A run in progress shows its metrics as they come, in the list and on its page.
    desk.run_cell(3)
    expect(rows.first).to_contain_text("Running", timeout=10_000)
    expect(panel.get_by_role("tab", name="Runs")).to_contain_text("1 running")
    metric = rows.first.locator(".mlops-metric").first
    expect(metric).not_to_have_text(metric.inner_text(timeout=10_000), timeout=10_000)
    desk.command("application:toggle-left-area")
    desk.picture(pictures / "panel-light.png")
    rows.first.click()
    expect(panel.locator(".mlops-chart-line").first).to_be_visible()
    (desk.folder / "stop").touch()
    expect(panel.locator(".mlops-headline")).to_contain_text("Completed", timeout=20_000)

    # The link in the card opens the run's page.
    card.first.click()
    expect(panel.locator("h2")).to_have_text("baseline")
    for fact in ("learning_rate", "diabetes-train@1", "progression@1", "demo", "diabetes.ipynb"):
        expect(panel).to_contain_text(fact)
    expect(panel.locator(".mlops-figure img").first).to_be_visible()
    desk.picture(pictures / "details-light.png")
    assert desk.errors == [], [answer for answer in desk.answers if answer[1] >= 400]
    if wanted := os.environ.get("MLOPS_NB_README_PICTURE"):
        Path(wanted).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(pictures / "panel-light.png", wanted)


def seed(folder: Path) -> None:
    """Runs of every status, as another process would have written them."""
    import numpy as np
    import pandas as pd
    from sklearn.linear_model import LinearRegression

    from mlops_nb.registry import register
    from mlops_nb.tracking.data import snapshot

    store = Store(folder / ".mlops_nb")
    frame = pd.DataFrame({"x": np.arange(50_000.0), "y": np.arange(50_000.0) * 2})
    for version in range(3):
        snapshot(frame.head(10_000 * (version + 3)), "flights", message="more rows" if version else "", store=store)
    snapshot(frame[["x"]], "weather", store=store)
    model = LinearRegression().fit(frame[["x"]], frame["y"])
    for alias in ("champion", "challenger"):
        register(model, "delays", alias=alias, store=store)
    for outcome in ("completed", "interrupted", "crashed", "completed"):
        run = start_run(store, experiment="delays", kind="cell", notebook="elsewhere.ipynb", params={"depth": 4})
        for step in range(60):
            run.log(step, loss=2.0**-step, auc=1 - 0.5 ** (1 + step / 9))
        run.finish(outcome)


def test_it_follows_theme_width_keyboard_and_notebook(desk: Any, pictures: Path) -> None:
    panel, rows = desk.panel, desk.rows
    seed(desk.folder)
    desk.open_notebook(LOAD)
    desk.widen(280)
    expect(rows).to_have_count(4)
    for word in ("Completed", "Interrupted", "Crashed"):
        expect(panel).to_contain_text(word)

    panel.get_by_placeholder("Filter runs").fill("crash depth=4")
    expect(rows).to_have_count(1)
    desk.page.keyboard.press("Escape")
    expect(rows).to_have_count(4)
    panel.get_by_role("button", name="This notebook").click()
    expect(panel).to_contain_text("No runs from this notebook yet")
    panel.get_by_role("button", name="All", exact=True).click()
    expect(rows).to_have_count(4)

    # The keyboard alone: down the list, into a run, and back to its row.
    rows.first.focus()
    desk.page.keyboard.press("ArrowDown")
    expect(rows.nth(1)).to_be_focused()
    desk.page.keyboard.press("Enter")
    expect(panel.locator(".mlops-headline")).to_contain_text("Crashed")
    desk.page.keyboard.press("Escape")
    expect(rows.nth(1)).to_be_focused()
    desk.picture(pictures / "panel-narrow.png")

    desk.command("apputils:change-theme", "{theme: 'JupyterLab Dark'}")
    expect(desk.page.locator("body")).to_have_attribute("data-jp-theme-light", "false", timeout=20_000)
    desk.page.wait_for_timeout(500)
    desk.picture(pictures / "panel-dark.png")
    rows.first.click()
    expect(panel.locator(".mlops-chart-line").first).to_be_visible()
    desk.picture(pictures / "details-dark.png")
    panel.get_by_role("tab", name="Data").click()
    expect(panel).to_contain_text("50,000 × 2")
    desk.picture(pictures / "data-dark.png")
    panel.get_by_role("tab", name="Models").click()
    expect(panel).to_contain_text("champion")
    desk.picture(pictures / "models-dark.png")
    desk.command("apputils:change-theme", "{theme: 'JupyterLab Light'}")
    expect(desk.page.locator("body")).to_have_attribute("data-jp-theme-light", "true", timeout=20_000)
    assert desk.errors == [], [answer for answer in desk.answers if answer[1] >= 400]


def test_hostile_words_stay_words_and_a_quiet_list_costs_nothing(desk: Any, pictures: Path) -> None:
    desk.open_notebook(LOAD, HOSTILE)
    desk.run_cell(0)
    desk.run_cell(1)
    expect(desk.rows.first).to_contain_text("Failed", timeout=60_000)
    desk.rows.first.click()
    expect(desk.panel.locator(".mlops-error")).to_contain_text("<script>window.hacked=1</script>")
    expect(desk.panel).to_contain_text("<i>evil.svg")
    desk.page.wait_for_timeout(7_000)
    assert desk.page.evaluate("() => window.hacked") is None
    assert desk.panel.locator("script, i").count() == 0
    desk.picture(pictures / "details-hostile.png")

    lists = [status for url, status in desk.answers if "/mlops-nb/api/runs?" in url]
    assert lists[-1] == 304
    assert set(lists) <= {200, 304}


def test_it_says_when_the_server_is_away_and_recovers(desk: Any, pictures: Path) -> None:
    seed(desk.folder)
    desk.open_notebook(LOAD)
    expect(desk.rows).to_have_count(4)
    desk.page.route("**/mlops-nb/api/**", lambda route: route.abort("connectionrefused"))
    notice = desk.panel.get_by_role("alert")
    expect(notice).to_contain_text("Cannot reach the server: retrying", timeout=10_000)
    expect(desk.rows).to_have_count(4)
    desk.picture(pictures / "panel-offline.png")
    desk.page.unroute("**/mlops-nb/api/**")
    expect(notice).to_have_count(0, timeout=20_000)
