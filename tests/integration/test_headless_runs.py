"""Notebooks run headless in real kernels: what the record and the output notebook say of each end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from mlops_nb import lineage
from mlops_nb.errors import NotFoundError, SpecError, UsageError
from mlops_nb.pipeline.headless import run_notebook
from mlops_nb.store import open_store

PARAMETERS = {"tags": ["parameters"]}


@pytest.fixture(autouse=True)
def _apart(tmp_path, monkeypatch):
    for name in ("MLOPS_NB_STORE", "MLOPS_NB_PARENT_RUN", "MLOPS_NB_EXPERIMENT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLOPS_NB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "cache"))
    (tmp_path / "cache").mkdir()
    (tmp_path / "pyproject.toml").write_text("")


def _notebook(folder: Path, *sources, name="train.ipynb", metadata=None):
    cells = [source if not isinstance(source, str) else new_code_cell(source) for source in sources]
    nbformat.write(new_notebook(cells=cells, metadata=metadata or {}), folder / name)
    return folder / name


def _cells(path):
    return nbformat.read(path, as_version=4).cells


def _statuses(path):
    """Of code cells only, in order."""
    return [cell.metadata.papermill["status"] for cell in _cells(path) if cell.cell_type == "code"]


def _text(cells):
    return "".join(output.get("text", "") for cell in cells for output in cell.get("outputs", ()))


def test_completed_with_params_children_and_their_metrics(tmp_path):
    seen = []
    path = _notebook(
        tmp_path,
        new_markdown_cell("# Nightly"),
        new_code_cell("alpha = 0.5\nname = 'a'", metadata=PARAMETERS),
        "import mlops_nb as mb\nfor loss in (alpha, alpha / 2):\n    with mb.track(): mb.log(loss=loss)",
        "with mb.track('other', auto=False) as run:\n    mb.log(score=7, bad=float('nan'))",
        "import os\nprint(sorted(get_ipython().get_parent()['metadata']), os.getcwd())",
    )
    result = run_notebook(path, params={"alpha": 1}, on_progress=seen.append)
    run = result.run
    assert (result.outcome, result.error, run.status, run.kind) == ("completed", None, "completed", "notebook")
    assert run.experiment == "train"
    assert run.notebook == "train.ipynb"
    assert run.params == {"alpha": 1.0, "name": "a"}
    assert run.metric("loss") == 0.5
    assert run.metric("score") == 7
    assert run.metrics["bad"].last == "nan"
    assert (run.tags["cells"], run.tags["cells_completed"]) == ("5", "5")
    assert result.output_path == tmp_path / f"train-{run.id[-6:]}.ipynb"
    assert run.tags["output"] == str(result.output_path)

    store = open_store(start=tmp_path)
    children = lineage.list_runs(store, parent=run.id)
    assert {child.experiment for child in children} == {"train", "other"}
    assert {child.notebook for child in children} == {"train.ipynb"}
    assert sorted(child.metric("loss") for child in children if child.experiment == "train") == [0.5, 1.0]

    cells = _cells(result.output_path)
    assert set(_statuses(result.output_path)) == {"completed"}
    assert "cellId" in _text(cells)
    assert str(tmp_path) in _text(cells)
    assert nbformat.read(result.output_path, as_version=4).metadata["mlops_nb"]["run_id"] == run.id
    assert [(at.index, at.state) for at in seen][:2] == [(1, "running"), (1, "completed")]
    assert seen[-1].index == seen[-1].total == 6
    assert seen[-1].cell_id
    assert sorted(entry.name for entry in tmp_path.iterdir() if entry.suffix == ".tmp") == []


def test_tracked_cells_become_children(tmp_path):
    path = _notebook(tmp_path, "%load_ext mlops_nb", "%%track\nrate = 0.1\nscore = rate * 2")
    result = run_notebook(path, experiment="nightly", output=tmp_path / "out.ipynb")
    (child,) = lineage.list_runs(open_store(start=tmp_path), parent=result.run.id)
    assert (child.kind, child.experiment, child.notebook) == ("cell", "nightly", "train.ipynb")
    assert child.cell_id == _cells(path)[1].id
    assert result.run.metric("score") == child.metric("score") == 0.2


def test_data_and_models_of_the_kernel_are_linked_to_the_run(tmp_path):
    path = _notebook(
        tmp_path,
        "import mlops_nb as mb, pandas as pd\nfrom sklearn.linear_model import LinearRegression\n"
        "frame = pd.DataFrame({'x': [1.0, 2.0, 3.0]})\nmb.snapshot(frame, 'flights')\n"
        "mb.register(LinearRegression().fit(frame, [1, 2, 3]), 'delays', alias='challenger');",
    )
    result = run_notebook(path, output=tmp_path / "out.ipynb")
    assert result.outcome == "completed", result.error
    store = open_store(start=tmp_path)
    assert lineage.get_snapshot(store, "flights@1").run_id == result.run.id
    assert lineage.get_model(store, "delays@challenger").run_id == result.run.id


def test_a_cell_error_is_failed_with_its_traceback(tmp_path):
    path = _notebook(
        tmp_path,
        "print('before')",
        "token = 'ghp_abcdefghijklmnop1234'\nraise KeyError('no such column')",
        "print('never')",
    )
    result = run_notebook(path, output=tmp_path / "out.ipynb")
    assert result.outcome == result.run.status == "failed"
    assert (result.error.kind, result.error.message) == ("KeyError", "'no such column'")
    details = lineage.get_details(open_store(start=tmp_path), result.run.id)
    assert "raise KeyError" in details.error.traceback
    assert "\x1b" not in details.error.traceback
    assert "ghp_" not in details.error.traceback
    assert _statuses(result.output_path) == ["completed", "failed", "pending"]
    cells = _cells(result.output_path)
    assert "An Exception was encountered" in cells[0].source
    assert "papermill-error-cell" in cells[2].source
    assert result.run.tags["cells_completed"] == "1"


def test_a_killed_kernel_is_crashed_and_the_notebook_says_so(tmp_path):
    path = _notebook(tmp_path, "print('kept')", "import os\nos.kill(os.getpid(), 9)", "print('never')")
    result = run_notebook(path, output=tmp_path / "out.ipynb")
    assert result.outcome == result.run.status == "crashed"
    assert "SIGKILL" in result.error.message
    assert "out-of-memory" in result.run.error
    cells = _cells(result.output_path)
    assert _statuses(result.output_path) == ["completed", "failed", "pending"]
    assert "papermill-error-cell" in cells[2].source
    assert "SIGKILL" in cells[3].outputs[-1]["evalue"]
    assert _text(cells) == "kept\n"
    assert nbformat.read(result.output_path, as_version=4).metadata.papermill["exception"] is True
    nbformat.validate(nbformat.read(result.output_path, as_version=4))


def test_the_runs_of_a_killed_kernel_carry_its_signal(tmp_path):
    code = "import os\nfrom mlops_nb import track\nwith track('inner', auto=False):\n    os.kill(os.getpid(), 9)"
    result = run_notebook(_notebook(tmp_path, code), output=tmp_path / "out.ipynb")
    (child,) = lineage.list_runs(open_store(start=tmp_path), parent=result.run.id)
    assert child.status == "crashed"
    assert "SIGKILL" in child.error


def test_a_kernel_that_never_starts_is_crashed(tmp_path, monkeypatch):
    spec = tmp_path / "cache" / "kernels" / "stillborn"
    spec.mkdir(parents=True)
    (spec / "kernel.json").write_text(json.dumps({"argv": ["false"], "display_name": "x", "language": "python"}))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "cache"))
    result = run_notebook(_notebook(tmp_path, "1"), kernel="stillborn", output=tmp_path / "out.ipynb")
    assert (result.outcome, result.error.kind) == ("crashed", "DeadKernelError")
    cells = _cells(result.output_path)
    assert "stopped outside any cell" in cells[0].source
    assert _statuses(result.output_path) == ["pending"]


def test_a_cell_that_takes_too_long_is_failed(tmp_path):
    busy = "import mlops_nb as mb, time\nwith mb.track(auto=False): time.sleep(60)"
    path = _notebook(tmp_path, busy, "1")
    result = run_notebook(path, output=tmp_path / "out.ipynb", cell_timeout_s=1)
    (child,) = lineage.list_runs(open_store(start=tmp_path), parent=result.run.id)
    assert child.status == "interrupted"
    assert (result.outcome, result.error.kind) == ("failed", "CellTimeoutError")
    assert _statuses(result.output_path) == ["failed", "pending"]


def test_a_clean_exit_is_completed(tmp_path):
    """And a name that papermill would take for a format string is a name."""
    path = _notebook(tmp_path, "import sys; sys.exit(0)", "1", name="a {b}.ipynb")
    result = run_notebook(path, output=tmp_path / "out {c}.ipynb")
    assert (result.outcome, result.run.experiment) == ("completed", "a -b")
    assert _statuses(result.output_path) == ["completed", "pending"]


RUNNER = """
import sys
from mlops_nb.pipeline.headless import HeadlessInterruptedError, run_notebook
try:
    run_notebook(sys.argv[1], output=sys.argv[2], on_progress=lambda at: print(at.index, at.state, flush=True))
except HeadlessInterruptedError as stop:
    print(stop.result.outcome, type(stop.__cause__).__name__, flush=True)
"""


@pytest.mark.parametrize(("number", "name"), [(signal.SIGTERM, "Terminated"), (signal.SIGINT, "KeyboardInterrupt")])
def test_a_stopped_runner_closes_its_run_and_lets_the_cell_close_its_own(tmp_path, number, name):
    busy = (
        "import mlops_nb as mb, time\nwith mb.track():\n    try: time.sleep(60)\n"
        "    finally:\n        time.sleep(4)\n        print('tidied')"  # longer than a kernel's shutdown would wait
    )
    path = _notebook(tmp_path, busy, "print('never')")
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER, str(path), str(tmp_path / "out.ipynb")], stdout=subprocess.PIPE, text=True
    )
    store = open_store(start=tmp_path)
    _wait_for(lambda: any(run.kind == "script" for run in lineage.list_runs(store)))
    runner.send_signal(number)
    shown, _ = runner.communicate(timeout=60)
    assert f"interrupted {name}" in shown
    assert {run.kind: run.status for run in lineage.list_runs(store)} == {
        "notebook": "interrupted",
        "script": "interrupted",
    }
    assert _statuses(tmp_path / "out.ipynb") == ["failed", "pending"]
    assert "tidied\n" in _text(_cells(tmp_path / "out.ipynb"))


def test_papermill_itself_records_the_same_run(tmp_path):
    """A plain notebook, by papermill's own command, its output relative to where it was called."""
    _notebook(tmp_path, new_code_cell("alpha = 1", metadata=PARAMETERS), "print(alpha)", metadata=_PYTHON)
    command = [
        sys.executable,
        "-m",
        "papermill",
        "--engine",
        "mlops_nb",
        "train.ipynb",
        "out.ipynb",
        "-p",
        "alpha",
        "3",
    ]
    shown = subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, timeout=90, text=True)
    (run,) = lineage.list_runs(open_store(start=tmp_path))
    assert f"Run: {run.id} of experiment train, completed" in shown.stderr
    assert (run.kind, run.experiment, run.status, run.params) == ("notebook", "train", "completed", {"alpha": 3})
    assert run.duration_s > 0
    assert run.tags["cells"] == "3"
    assert run.tags["output"] == str(tmp_path / "out.ipynb")
    assert "3\n" in _text(_cells(tmp_path / "out.ipynb"))


_PYTHON = {"kernelspec": {"name": "python3", "display_name": "Python 3"}, "language_info": {"name": "python"}}


def test_papermill_api_and_the_notebooks_own_experiment(tmp_path, monkeypatch):
    import papermill

    monkeypatch.chdir(tmp_path)
    path = _notebook(tmp_path, "1 / 0", metadata={"mlops_nb": {"experiment": "delays"}})
    with pytest.raises(papermill.PapermillExecutionError, match="ZeroDivisionError"):
        papermill.execute_notebook(path, "out.ipynb", engine_name="mlops_nb", progress_bar=False, store="elsewhere")
    (run,) = lineage.list_runs(open_store(tmp_path / "elsewhere"))
    assert (run.experiment, run.status, run.error) == ("delays", "failed", "ZeroDivisionError: division by zero")
    markers = [cell for cell in _cells(tmp_path / "out.ipynb") if "papermill-error-cell-tag" in cell.metadata.tags]
    assert len(markers) == 2


def test_mistakes_are_named_before_anything_starts(tmp_path):
    path = _notebook(tmp_path, new_code_cell("alpha = 0.5", metadata=PARAMETERS))
    before = sorted(tmp_path.iterdir())
    with pytest.raises(SpecError, match="no parameter 'alphaa'"):
        run_notebook(path, params={"alphaa": 1})
    with pytest.raises(SpecError, match="must be a float"):
        run_notebook(path, params={"alpha": "x"})
    with pytest.raises(UsageError, match="parameters must be"):
        run_notebook(path, params={"alpha": object()})
    with pytest.raises(UsageError, match="overwrite the notebook itself"):
        run_notebook(path, output=path)
    with pytest.raises(UsageError, match="no folder"):
        run_notebook(path, output=tmp_path / "no" / "out.ipynb")
    with pytest.raises(UsageError, match="to run in"):
        run_notebook(path, cwd=tmp_path / "no")
    with pytest.raises(NotFoundError, match="no kernel named 'pyhton3'"):
        run_notebook(path, kernel="pyhton3")
    with pytest.raises(UsageError, match="experiment name"):
        run_notebook(path, experiment="../x")
    assert sorted(tmp_path.iterdir()) == before


def test_an_output_that_cannot_be_written_still_leaves_the_record(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    path = _notebook(tmp_path, f"import shutil; shutil.rmtree({str(out)!r})")
    from mlops_nb.errors import PipelineError

    with pytest.raises(PipelineError, match="could not be written"):
        run_notebook(path, output=out / "x.ipynb", save_every_s=60)
    (run,) = lineage.list_runs(open_store(start=tmp_path))
    assert run.status == "completed"


def test_long_silent_cells_do_not_hold_back_what_came_before(tmp_path):
    """The output of a quick cell is on disk while the next one is still busy and says nothing."""
    path = _notebook(tmp_path, "print('early')", "import time; time.sleep(60)")
    sink = tmp_path / "out.ipynb"
    runner = subprocess.Popen(
        [sys.executable, "-c", RUNNER.replace("output=", "save_every_s=1, output="), str(path), str(sink)],
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_for(
            lambda: sink.exists() and "early\\n" in json.dumps(json.loads(sink.read_text())["cells"][0]["outputs"])
        )
        assert runner.poll() is None
    finally:
        os.kill(runner.pid, signal.SIGKILL)
        runner.wait()
    assert lineage.list_runs(open_store(start=tmp_path))[0].status == "crashed"


def _wait_for(condition, timeout_s=40):
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.2)
