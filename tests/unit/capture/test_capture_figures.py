"""Real matplotlib figures as PNG."""

from __future__ import annotations

import base64
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from mlops_nb.capture import figures
from mlops_nb.capture.figures import from_display, open_figures

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture
def plt() -> Iterator[Any]:
    import matplotlib as mpl

    mpl.use("agg")
    import matplotlib.pyplot as plt

    plt.close("all")
    yield plt
    plt.close("all")


def test_figures_are_named_by_their_titles(plt: Any) -> None:
    plt.figure().suptitle("Loss\nby epoch")
    plt.subplots()[1].set_title("ROC")
    plt.subplots()[1].set_title("ROC")
    plt.figure(num="labelled").add_subplot()
    plt.figure(num=9).add_subplot()
    found = open_figures()
    assert [figure.name for figure in found.figures] == ["Loss by epoch", "ROC", "ROC-2", "labelled", "figure-9"]
    assert all(figure.png.startswith(PNG) for figure in found.figures)
    assert found.faults == ()


def test_looking_changes_nothing_and_gives_the_same_bytes(plt: Any) -> None:
    first, axes = plt.subplots(dpi=50)
    axes.plot([1, 2])
    second = plt.figure()
    plt.figure(first.number)
    assert open_figures() == open_figures()
    assert len(open_figures().figures) == 1  # the second has nothing in it
    assert plt.gcf() is first
    assert (first.dpi, plt.get_fignums()) == (50, [first.number, second.number])


def test_a_broken_figure_does_not_lose_the_others(plt: Any) -> None:
    from matplotlib.artist import Artist

    class Bomb(Artist):
        def draw(self, renderer: object) -> None:
            raise RuntimeError("bang\nsecond line")

    plt.figure().add_artist(Bomb())
    plt.subplots()
    found = open_figures()
    assert len(found.figures) == 1
    assert found.faults == ("figure 1: RuntimeError: bang",)


def test_there_is_a_cap(plt: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "MAX_FIGURES", 2)
    for _ in range(3):
        plt.subplots()
    found = open_figures()
    assert len(found.figures) == 2
    assert found.faults == ("1 more figures are open; only 2 are kept",)


def test_without_pyplot_nothing_is_imported() -> None:
    code = (
        "import sys; from mlops_nb.capture.figures import open_figures; f = open_figures(); "
        "print(len(f.figures), 'matplotlib' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["0", "False"]


def test_a_displayed_picture() -> None:
    png = PNG + b"rest"
    assert from_display({"image/png": base64.encodebytes(png).decode(), "text/plain": "<Figure>"}) == png
    assert from_display({"image/png": png}) == png


@pytest.mark.parametrize(
    "data", [{}, {"image/png": "%%%"}, {"image/png": "é"}, {"image/png": b"GIF"}, {"image/png": 7}, None]
)
def test_no_picture(data: Any) -> None:
    assert from_display(data) is None


def test_a_huge_picture_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "MAX_PNG_BYTES", 10)
    assert from_display({"image/png": PNG + b"123"}) is None
