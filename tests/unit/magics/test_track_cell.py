"""`%%track` in a real IPython shell: what the cell's reader sees, and what is recorded."""

from __future__ import annotations

import threading

import pytest

import mlops_nb as mb
from mlops_nb.errors import CaptureWarning
from mlops_nb.lineage import get_details, list_runs
from mlops_nb.tracking import default_store


def newest():
    return list_runs(default_store(), limit=1)[0]


def test_literals_are_params_and_numbers_are_metrics(shell):
    shell.run_cell(
        "%%track delays -p lr=0.1 -t baseline -t owner=me --name 'first try'\ndepth = 3\nacc = sum([0.5])\nacc"
    )
    run = newest()
    assert (run.experiment, run.name, run.status, run.kind) == ("delays", "first try", "completed", "cell")
    assert run.params == {"lr": 0.1, "depth": 3}
    assert run.metric("acc") == 0.5
    assert run.tags == {"baseline": "", "owner": "me"}
    details = get_details(default_store(), run.id)
    assert "depth = 3" in details.source
    assert details.environment is not None
    assert details.environment.packages["ipython"]
    assert details.resources is not None
    assert details.resources.cpu_s >= 0


def test_the_last_expression_is_a_metric_named_by_its_call(shell):
    shell.run_cell("def accuracy_score(y, p): return 0.75")
    shell.run_cell("%%track\naccuracy_score(1, 2)")
    assert newest().metric("accuracy_score") == 0.75


def test_explicit_words_win_over_the_rule(shell):
    shell.user_ns["mb"] = mb
    shell.run_cell("%%track -p depth=9\ndepth = 3\nacc = sum([0.5])\nmb.log(acc=0.9)")
    run = newest()
    assert run.params == {"depth": 9}
    assert run.metric("acc") == 0.9
    shell.run_cell("%%track --no-auto\ndepth = 3\nacc = sum([0.5])")
    assert newest().params == {}
    assert newest().metrics == {}


@pytest.mark.parametrize("cell", ["%%track a\n%%time\nz = sum([8])\n", "%%time\n%%track a\nz = sum([8])\n"])
def test_nests_with_time(shell, cell):
    result = shell.run_cell(cell)
    assert result.success
    assert newest().metric("z") == 8
    assert shell.user_ns["z"] == 8


def test_works_with_top_level_await(shell):
    result = shell.run_cell("%%track a\nimport asyncio\nawait asyncio.sleep(0.001)\nz = sum([8])")
    assert result.success
    assert newest().metric("z") == 8


def test_the_cells_exception_is_untouched_and_the_run_failed(shell):
    result = shell.run_cell("%%track a\nboom = ValueError('no <b>good</b>')\nraise boom")
    assert result.error_in_exec is shell.user_ns["boom"]
    run = newest()
    assert run.status == "failed"
    assert run.error == "ValueError: no <b>good</b>"
    details = get_details(default_store(), run.id)
    assert details.error is not None
    assert "raise boom" in details.error.traceback
    assert "interactiveshell.py" not in details.error.traceback


def test_interrupt(shell):
    result = shell.run_cell("%%track a\nraise KeyboardInterrupt")
    assert isinstance(result.error_in_exec, KeyboardInterrupt)
    assert newest().status == "interrupted"


def test_a_syntax_error_starts_no_run(shell):
    shell.run_cell("%%track a\nx = = 1")
    assert list_runs(default_store()) == []


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("../x", "cannot be used"),
        ("''", "is empty"),
        ("x" * 300, "too long"),
        ("'a\x07b'", "cannot be used"),
        ("-p nothing", "is not key=value"),
        ("--bogus", "unrecognized arguments: --bogus"),
        ("a b", "unrecognized arguments: b"),
        ("'unclosed", "No closing quotation"),
        ("a -p =3", "is not key=value"),
    ],
)
def test_bad_words_stop_the_cell_before_it_runs(shell, capsys, line, says):
    result = shell.run_cell(f"%%track {line}\nran = True")
    assert result.error_in_exec is not None
    assert "ran" not in shell.user_ns
    shown = capsys.readouterr()
    assert says in shown.out + shown.err
    assert "hint:" in shown.out + shown.err
    assert "Traceback" not in shown.out + shown.err
    assert list_runs(default_store()) == []


def test_help_is_shown_and_nothing_runs(shell, capsys):
    shell.run_cell("%%track?")
    assert "Record this cell as a run" in capsys.readouterr().out


def test_the_card_says_what_changed(shell, capsys):
    shell.run_cell("%%track delays\nacc = sum([0.5])")
    capsys.readouterr()
    shell.run_cell("%%track delays\nacc = sum([0.75])")
    card = capsys.readouterr().out
    assert "completed" in card
    assert "+0.25" in card


def test_the_card_shows_hostile_texts_as_text(shell):
    from mlops_nb.magics.card import run_card

    shell.run_cell("%%track delays -p 'x=<script>alert(1)</script>'\nraise ValueError('<img src=x onerror=alert(1)>')")
    html = run_card(newest(), None)._repr_mimebundle_()["text/html"]
    assert "<script>" not in html
    assert "<img" not in html
    assert "&lt;script&gt;" in html


def test_output_is_kept_without_colours(shell):
    shell.run_cell("%%track a\nprint('\\x1b[31mred\\x1b[0m and plain')")
    output = get_details(default_store(), newest().id).output
    assert output is not None
    assert "red and plain" in output.text
    assert "\x1b" not in output.text


def test_secrets_never_reach_the_store(shell):
    shell.run_cell("%%track a -p db_password=hunter2hunter2\napi_key = 'sk-verysecretverysecret'\nprint(api_key)")
    journal = default_store().journals.read_bytes(newest().id)
    assert b"hunter2" not in journal
    assert b"verysecret" not in journal


def test_figures_open_in_pyplot_are_kept(shell):
    shell.run_cell("import matplotlib; matplotlib.use('Agg'); import matplotlib.pyplot as plt")
    shell.run_cell("%%track a\nplt.figure(); plt.plot([1, 2]); plt.title('curve')")
    artifacts = get_details(default_store(), newest().id).artifacts
    assert [(one.name, one.role, one.media_type) for one in artifacts] == [("curve.png", "figure", "image/png")]
    assert default_store().objects.get(artifacts[0].digest).startswith(b"\x89PNG")
    shell.run_cell("plt.close('all')")


def test_cells_and_nested_runs_are_parents_and_children(shell):
    shell.user_ns["mb"] = mb
    shell.run_cell("%%track outer\nwith mb.track('inner') as run:\n    run.log(x=1)\nmb.log(y=2)")
    runs = {run.experiment: run for run in list_runs(default_store())}
    assert runs["inner"].parent_run_id == runs["outer"].id
    assert list(runs["inner"].metrics) == ["x"]
    assert list(runs["outer"].metrics) == ["y"]
    assert mb.current_run() is None


def test_a_with_block_in_a_cell_keeps_the_cells_source(shell):
    shell.user_ns["mb"] = mb
    shell.run_cell("with mb.track('inner') as run:\n    run.log(x=1)", cell_id="cell-3")
    run = newest()
    assert run.cell_id == "cell-3"
    assert "run.log(x=1)" in get_details(default_store(), run.id).source


def test_a_thread_is_outside_of_the_cells_run(shell):
    found = []
    shell.user_ns.update(threading=threading, found=found, mb=mb)
    shell.run_cell(
        "%%track a\nt = threading.Thread(target=lambda: found.append(mb.current_run())); t.start(); t.join()"
    )
    assert found == [None]


def test_an_unwritable_store_lets_the_cell_run(shell, capsys, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("MLOPS_NB_STORE", str(tmp_path / "file" / "store"))
    result = shell.run_cell("%%track a\nran = True")
    assert result.success
    assert shell.user_ns["ran"] is True
    assert "not recorded" in capsys.readouterr().out


def test_a_fault_in_our_own_end_never_reaches_the_cell(shell, monkeypatch):
    from mlops_nb.magics.tracked import TrackedCell

    def broken(self):
        raise RuntimeError("planted")

    monkeypatch.setattr(TrackedCell, "_show_card", broken)
    with pytest.warns(CaptureWarning, match="planted"):
        result = shell.run_cell("%%track a\nz = 1")
    assert result.success


def test_unloading_takes_everything_away(shell, capsys):
    shell.run_line_magic("unload_ext", "mlops_nb")
    result = shell.run_cell("%%track a\nz = 1")
    assert not result.success
    assert "track" not in shell.magics_manager.magics["cell"]
    assert list_runs(default_store()) == []
    shell.run_line_magic("load_ext", "mlops_nb")
    assert shell.run_cell("%%track a\nz = 1").success
