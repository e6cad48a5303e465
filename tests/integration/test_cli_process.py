"""`mlops-nb` as a real process: start-up, pipes, terminals, headless runs and signals."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pexpect
import pytest

from mlops_nb import lineage
from mlops_nb.store import open_store
from mlops_nb.tracking import start_run

SCRIPT = Path(sys.executable).with_name("mlops-nb")
HEAVY = {
    "rich",
    "IPython",
    "pandas",
    "numpy",
    "pyarrow",
    "papermill",
    "nbformat",
    "jupyter_client",
    "msgspec",
    "obstore",
}


@pytest.fixture(autouse=True)
def own_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("MLOPS_NB_STORE", "MLOPS_NB_EXPERIMENT", "MLOPS_NB_PARENT_RUN", "NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLOPS_NB_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    return place


def call(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([SCRIPT, *words], capture_output=True, text=True, check=False)


def fill(place: Path, count: int = 1, name: str = "") -> None:
    store = open_store(place / ".mlops_nb")
    for _ in range(count):
        run = start_run(store, experiment="delays", kind="script", name=name, params={f"param{i}": i for i in range(3)})
        run.log(**{f"metric{i}": i / 3 for i in range(5)})
        run.finish()


def notebook(path: Path, *cells: str, parameters: str = "") -> Path:
    book = nbformat.v4.new_notebook()
    if parameters:
        book.cells.append(nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]}))
    book.cells += [nbformat.v4.new_code_cell(cell) for cell in cells]
    nbformat.write(book, path)
    return path


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["runs", "list", "--help"], ["runz"]])
def test_help_loads_nothing_heavy(words: list[str]) -> None:
    program = f"import sys\nfrom mlops_nb.cli import main\ntry: main({words})\nfinally: print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    loaded = set(re.findall(r"'([\w.]+)'", done.stdout.splitlines()[-1]))
    assert "click" in loaded
    assert loaded & HEAVY == set()


def test_lists_do_not_load_frames(own_place: Path) -> None:
    fill(own_place)
    program = (
        "import sys\nfrom mlops_nb.cli import main\ntry: main(['runs', 'list'])\nfinally: print(sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    loaded = set(re.findall(r"'([\w.]+)'", done.stdout.splitlines()[-1]))
    assert loaded & {"pandas", "numpy", "pyarrow", "IPython", "papermill"} == set()


@pytest.mark.parametrize("words", [["--help"], ["runs", "list"], ["runs", "list", "--json"], ["runz"]])
def test_a_closed_pipe_is_quiet(own_place: Path, words: list[str]) -> None:
    fill(own_place, 30)
    with subprocess.Popen([SCRIPT, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        told = process.stderr.read()
    assert process.returncode == (2 if words == ["runz"] else 141)
    assert "Traceback" not in told
    assert "BrokenPipe" not in told


def on_terminal(columns: int, *words: str, **environment: str) -> str:
    child = pexpect.spawn(
        str(SCRIPT), list(words), dimensions=(40, columns), encoding="utf-8",
        env={**os.environ, "TERM": "xterm-256color", **environment},
    )  # fmt: skip
    child.expect(pexpect.EOF, timeout=60)
    child.close()
    return child.before.replace("\r", "")


def plain(text: str) -> str:
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)


def test_a_table_fits_its_terminal(own_place: Path) -> None:
    fill(own_place, name="a rather long name that has to give way")
    run = lineage.list_runs(open_store())[0].id[-6:]
    for columns in (200, 80, 60):
        lines = plain(on_terminal(columns, "runs", "list")).splitlines()
        row = next(line for line in lines if run in line)
        assert len(row) <= columns
        assert "✓ completed" in row or columns < 80
        assert ("no room for" in "\n".join(lines)) == (columns < 200)


def test_colour_is_for_terminals_that_want_it(own_place: Path) -> None:
    fill(own_place)
    assert "\x1b[32m" in on_terminal(100, "runs", "list")
    assert "\x1b[31m" in on_terminal(100, "runs", "show", "zzz")
    assert not re.search(r"\x1b\[3\d", on_terminal(100, "runs", "list", NO_COLOR="1"))
    assert "\x1b" not in on_terminal(100, "runs", "show", "zzz", NO_COLOR="1")
    assert "\x1b" not in call("runs", "list").stdout


def test_a_terminal_that_knows_no_unicode_is_served(own_place: Path) -> None:
    fill(own_place)
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run([SCRIPT, "runs", "list"], capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\\u2713 completed" in done.stdout


def test_a_notebook_that_completes(own_place: Path) -> None:
    path = notebook(
        own_place / "good.ipynb", "%load_ext mlops_nb", "%%track\nscore = alpha * 2", parameters="alpha = 0.5"
    )
    done = call("run", str(path), "-p", "alpha=0.7", "-o", "out.ipynb", "--json", "--experiment", "nightly")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["outcome"], told["error"], told["run"]["params"]) == ("completed", None, {"alpha": 0.7})
    assert told["run"]["experiment"] == "nightly"
    assert told["run"]["metrics"]["score"]["last"] == pytest.approx(1.4)
    assert Path(told["output_path"]) == own_place / "out.ipynb"
    assert (own_place / "out.ipynb").is_file()
    assert re.search(r"^good.ipynb: cell \d/\d completed \(", done.stderr, re.MULTILINE)
    assert call("audit", "verify").returncode == 0


def test_a_notebook_that_fails_and_one_whose_kernel_dies(own_place: Path) -> None:
    failed = call("run", str(notebook(own_place / "bad.ipynb", "1 / 0")), "--quiet")
    assert failed.returncode == 1
    assert "✗ failed" in failed.stdout
    assert "ZeroDivisionError: division by zero" in failed.stdout
    assert "----> 1 1 / 0" in failed.stderr
    died = call("run", str(notebook(own_place / "dead.ipynb", "import os; os.kill(os.getpid(), 9)")), "--quiet")
    assert died.returncode == 137
    assert "! crashed" in died.stdout
    assert {run.status for run in lineage.list_runs(open_store())} == {"failed", "crashed"}


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_run_is_recorded_and_told(own_place: Path, sent: signal.Signals, code: int) -> None:
    path = notebook(own_place / "slow.ipynb", "open('started', 'w').close()", "import time; time.sleep(60)")
    with subprocess.Popen(
        [SCRIPT, "run", path, "--json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        until = time.monotonic() + 60
        while not (own_place / "started").exists() and time.monotonic() < until:
            time.sleep(0.05)
        time.sleep(0.5)
        process.send_signal(sent)
        told, complaint = process.communicate(timeout=60)
    assert process.returncode == code, complaint
    assert json.loads(told)["outcome"] == "interrupted"
    assert "Traceback" not in complaint
    assert lineage.list_runs(open_store())[0].status == "interrupted"


def test_progress_on_a_terminal(own_place: Path) -> None:
    path = notebook(own_place / "three.ipynb", "1", "import time; time.sleep(0.5)", "3")
    told = plain(on_terminal(100, "run", str(path)))
    assert re.search(r"three.ipynb .* cell [123]/3 .* ETA", told)
    assert "✓ completed" in told
