"""The example notebook as a newcomer meets it: opened in JupyterLab, run from the top, its runs in the panel.

Leaves `panel.png`, the picture in README (MLOPS_NB_SCREENSHOTS=example_notebooks/images makes it anew).
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

NOTEBOOK = Path(__file__).parents[2] / "example_notebooks" / "01_track_snapshot_register.ipynb"
CONNECTED = """async () => {
    const context = window.jupyterapp?.shell.currentWidget?.sessionContext;
    await context?.ready;
    await context?.session?.kernel?.info;
    return context?.session?.kernel?.connectionStatus === 'connected';
}"""


@pytest.fixture
def page(lab: Any, chromium: Any) -> Any:
    context = chromium.new_context(viewport={"width": 1400, "height": 860}, device_scale_factor=1.5)
    yield context.new_page()
    context.close()


def command(page: Any, name: str) -> None:
    """Start a command of JupyterLab, not waiting for its end."""
    page.evaluate(f"() => {{ void window.jupyterapp.commands.execute('{name}'); }}")


def test_the_example_fills_the_panel(lab: Any, page: Any, pictures: Path) -> None:
    from playwright.sync_api import expect

    folder = lab.root / "example"
    (folder / ".mlops_nb").mkdir(parents=True)  # a store of its own, apart from the other tests'
    shutil.copy(NOTEBOOK, folder)
    page.goto(lab.at(f"lab/tree/example/{NOTEBOOK.name}?reset"))
    page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=60_000)
    page.wait_for_function(CONNECTED, timeout=60_000)
    command(page, "mlops-nb:open")
    command(page, "notebook:run-all-cells")

    panel = page.locator("#mlops-nb-panel")
    rows = panel.locator(".mlops-row")
    expect(rows).to_have_count(3, timeout=60_000)
    for name in ("boosted trees", "ridge mended", "ridge as delivered"):
        expect(rows.filter(has_text=name)).to_contain_text("Completed", timeout=30_000)
    panel.get_by_role("tab", name="Models").click()
    expect(panel).to_contain_text("champion", timeout=30_000)
    panel.get_by_role("tab", name="Data").click()
    expect(panel).to_contain_text("patients")

    panel.get_by_role("tab", name="Runs").click()
    command(page, "application:toggle-left-area")
    page.locator(".jp-Notebook h2", has_text="Would boosted trees do better?").scroll_into_view_if_needed()
    page.mouse.move(5, 5)
    page.wait_for_timeout(500)
    page.screenshot(path=str(pictures / "panel.png"))
