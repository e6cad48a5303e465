"""The output notebook: whole or not at all, and not more often than is useful."""

from __future__ import annotations

import os
import stat

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from mlops_nb.pipeline import execution as room
from mlops_nb.pipeline.execution import NotebookExecution, replace_file


class Clock:
    """Stands in for the module `time`."""

    def __init__(self):
        self.at = 100.0
        self.step = 0.0

    def monotonic(self):
        self.at += self.step
        return self.at


@pytest.fixture
def clock(monkeypatch):
    made = Clock()
    monkeypatch.setattr(room, "time", made)
    return made


@pytest.fixture
def writes(monkeypatch):
    seen = []
    real = room.replace_file
    monkeypatch.setattr(room, "replace_file", lambda path, text: (seen.append(text), real(path, text)))
    return seen


def _execution(tmp_path, *cells, **more):
    cells = cells or (new_markdown_cell("# A"), new_code_cell("1"), new_code_cell("2"))
    nb = new_notebook(cells=list(cells), metadata={"papermill": {}})
    for cell in nb.cells:
        cell.metadata["tags"] = []
    more.setdefault("autosave_cell_every", 30)
    return NotebookExecution(nb, output_path=str(tmp_path / "out.ipynb"), progress_bar=False, log_output=False, **more)


def _read(tmp_path):
    return nbformat.read(tmp_path / "out.ipynb", as_version=4)


def test_quick_cells_are_not_written_twice_each(tmp_path, clock, writes):
    run = _execution(tmp_path, *[new_code_cell(str(n)) for n in range(50)])
    run.notebook_start()
    for index, cell in enumerate(run.nb.cells):
        clock.at += 0.1
        run.cell_start(cell, index)
        run.cell_complete(cell, index)
    run.close()
    assert len(writes) == 2
    assert {cell.metadata.papermill.status for cell in _read(tmp_path).cells} == {"completed"}


def test_a_slow_write_is_followed_by_a_longer_rest(tmp_path, clock, writes):
    run = _execution(tmp_path, save_every_s=1)
    clock.step = 3.0  # a write takes three seconds: two looks at the clock
    run.notebook_start()
    clock.step = 0.0
    clock.at += 30
    run.save()
    assert len(writes) == 1
    clock.at += 40
    run.save_if_due()
    assert len(writes) == 2
    clock.at += 100
    run.save_if_due()
    assert len(writes) == 2, "nothing changed since"


def test_messages_within_a_cell_are_written_unless_told_not_to(tmp_path, clock, writes):
    for every, expected in ((30, 2), (0, 1)):
        writes.clear()
        run = _execution(tmp_path, autosave_cell_every=every)
        run.notebook_start()
        clock.at += 60
        run.autosave_cell()
        assert len(writes) == expected


def test_a_full_disk_does_not_end_the_run_until_it_must_be_said(tmp_path, clock, monkeypatch):
    run = _execution(tmp_path)
    run.notebook_start()

    def full(_path, _text):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(room, "replace_file", full)
        clock.at += 60
        run.save()
        with pytest.raises(OSError, match="No space"):
            run.close()
        with pytest.raises(OSError, match="No space"):
            run.notebook_start()
    assert _read(tmp_path).cells
    clock.at += 60
    run.save()


def test_cells_that_never_ran_stay_pending_and_the_death_is_marked(tmp_path):
    run = _execution(tmp_path)
    run.notebook_start()
    run.cell_start(run.nb.cells[0], 0)
    run.cell_complete(run.nb.cells[0], 0)
    run.cell_start(run.nb.cells[1], 1)
    run.cell_exception(run.nb.cells[1], cell_index=1)
    run.cell_complete(run.nb.cells[1], 1)
    run.close(error_name="DeadKernelError", error_text="killed by SIGKILL")
    top, _, anchor, failed, never = _read(tmp_path).cells
    assert "An Exception was encountered" in top.source
    assert 'id="papermill-error-cell"' in anchor.source
    assert failed.metadata.papermill.status == "failed"
    assert failed.outputs[0].evalue == "killed by SIGKILL"
    assert never.metadata.papermill.status == "pending"
    assert _read(tmp_path).metadata.papermill.exception is True
    assert len(run.nb.cells) == 3, "papermill adds its own markers to the notebook itself"


def test_a_cells_own_error_is_not_shown_twice(tmp_path):
    run = _execution(tmp_path)
    run.notebook_start()
    run.cell_start(run.nb.cells[1], 1)
    run.nb.cells[1].outputs = [new_output("error", ename="KeyError", evalue="x", traceback=[])]
    run.cell_exception(run.nb.cells[1], cell_index=1)
    run.close(error_name="KeyError", error_text="x")
    assert [len(cell.get("outputs", ())) for cell in _read(tmp_path).cells] == [0, 0, 0, 1, 0]


def test_progress_is_told(tmp_path):
    seen = []
    run = _execution(tmp_path, on_progress=seen.append)
    run.notebook_start()
    run.cell_start(run.nb.cells[1], 1)
    run.cell_exception(run.nb.cells[1], cell_index=1)
    run.cell_complete(run.nb.cells[1], 1)
    assert [(at.index, at.total, at.state, at.cell_id) for at in seen] == [
        (2, 3, "running", run.nb.cells[1].id),
        (2, 3, "failed", run.nb.cells[1].id),
    ]


def test_a_file_is_replaced_whole_and_keeps_its_rights(tmp_path):
    target = tmp_path / "out.ipynb"
    replace_file(target, "old")
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(target.stat().st_mode) == 0o666 & ~mask
    target.chmod(0o640)
    (tmp_path / "link").symlink_to(target)
    replace_file(tmp_path / "link", "new")
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == 0o640
    assert (tmp_path / "link").is_symlink()


def test_a_failed_write_leaves_the_old_file_and_no_rubbish(tmp_path):
    target = tmp_path / "out.ipynb"
    replace_file(target, "old")
    with pytest.raises(UnicodeEncodeError):
        replace_file(target, "\ud800")
    assert target.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["out.ipynb"]
    with pytest.raises(FileNotFoundError):
        replace_file(tmp_path / "no" / "out.ipynb", "x")
