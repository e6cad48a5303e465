"""The line magics in a real IPython shell."""

from __future__ import annotations

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

import mlops_nb as mb
from mlops_nb.lineage import get_model, list_runs, list_snapshots
from mlops_nb.magics.lines import MAGICS
from mlops_nb.tracking import default_store


@pytest.fixture
def frame():
    return pd.DataFrame({"origin": ["JFK", "SFO", None], "delay": [1.5, float("nan"), 3.0]})


def test_every_magic_has_help_with_an_example(shell, capsys):
    for name, magic in MAGICS.items():
        shell.run_cell(f"%{name} --help")
        shown = capsys.readouterr().out
        assert "examples:" in shown
        assert magic.parser.examples[0] in shown


@pytest.mark.parametrize("magic", ["runs", "snapshots", "models", "mlops", "experiment"])
def test_an_empty_store_teaches_the_first_step(shell, capsys, magic):
    result = shell.run_cell(f"%{magic}")
    assert result.success
    assert "%" in capsys.readouterr().out or magic == "experiment"


def test_experiment_is_set_and_shown(shell, capsys):
    shell.run_cell("%experiment delays")
    shell.run_cell("%%track\nx = 1")
    assert list_runs(default_store())[0].experiment == "delays"
    capsys.readouterr()
    shell.run_cell("%experiment")
    assert "delays" in capsys.readouterr().out


def test_runs_and_run_info(shell, capsys):
    shell.run_cell("%%track delays -p lr=0.1\nprint('hello')\nacc = sum([0.5])")
    capsys.readouterr()
    shell.run_cell("%runs")
    assert "0.5" in capsys.readouterr().out
    shell.run_cell("%run_info")
    shown = capsys.readouterr().out
    assert "param lr" in shown
    assert "hello" in shown
    shell.run_cell("%runs --status failed")
    assert "no runs" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("%run_info", "there are no runs yet"),
        ("%run_info zzz", "no run named 'zzz'"),
        ("%runs --status lost", "there is no status 'lost'"),
        ("%runs -n many", "invalid int value"),
        ("%snapshot", "the following arguments are required"),
        ("%snapshot nothing --name x", "no variable named 'nothing'"),
        ("%snapshot df --name ../x", "cannot be used"),
        ("%snapshot number --name x", "int"),
        ("%snapshots zzz", "no dataset named 'zzz'"),
        ("%register nothing --name x", "no variable named 'nothing'"),
        ("%register number --name x", "int"),
        ("%models zzz", "no model named 'zzz'"),
    ],
)
def test_wrong_words_get_two_lines_and_no_traceback(shell, capsys, frame, line, says):
    shell.user_ns.update(df=frame, number=3)
    result = shell.run_cell(line)
    shown = capsys.readouterr()
    text = shown.out + shown.err
    assert not result.success
    assert says in text
    assert "hint:" in text
    assert "Traceback" not in text


def test_snapshot_of_a_frame(shell, capsys, frame):
    shell.user_ns["df"] = frame
    shell.run_cell("%snapshot df --name flights -m 'as delivered'")
    assert "flights@1" in capsys.readouterr().out
    shell.run_cell("%snapshot df --name flights")
    assert len(list_snapshots(default_store())) == 1, "the same content is no new version"
    frame.loc[0, "delay"] = 2.0
    shell.run_cell("%snapshot df --name flights -m mended")
    versions = list_snapshots(default_store(), "flights")
    assert [one.version for one in versions] == [2, 1]
    assert versions[1].message == "as delivered"
    assert_frame_equal(mb.load("flights@2"), frame)
    assert mb.load("flights@1").loc[0, "delay"] == 1.5


def test_register_links_the_model_to_the_cell_that_made_it(shell):
    pytest.importorskip("sklearn")
    shell.user_ns["df"] = pd.DataFrame({"x": [0.0, 1.0, 2.0, 3.0], "y": [0, 0, 1, 1]})
    shell.run_cell("%snapshot df --name flights")
    shell.run_cell(
        "%%track delays\nimport mlops_nb as mb\nfrom sklearn.linear_model import LogisticRegression\n"
        "df = mb.load('flights@1')\nmodel = LogisticRegression().fit(df[['x']], df['y'])"
    )
    result = shell.run_cell("%register model --name delays --alias challenger")
    assert result.success
    version = get_model(default_store(), "delays@challenger")
    run = list_runs(default_store())[0]
    assert version.run_id == run.id
    assert version.datasets == (list_snapshots(default_store())[0].digest,)
    loaded = mb.load_model("delays@challenger")
    data = shell.user_ns["df"][["x"]]
    assert (loaded.predict(data) == shell.user_ns["model"].predict(data)).all()


def test_the_two_forms_of_a_table_hold_the_same(shell, frame):
    from mlops_nb.magics import tables

    shell.user_ns["df"] = frame
    shell.run_cell("%snapshot df --name flights")
    shown = tables.snapshots(list_snapshots(default_store()))
    bundle = shown._repr_mimebundle_()
    assert "flights@1" in bundle["text/plain"]
    assert "flights@1" in bundle["text/html"]
    assert "<table" in bundle["text/html"]


def test_runs_are_asked_for_by_condition_and_order(shell, capsys):
    for rate in (0.1, 0.2):
        shell.run_cell(f"%%track delays -p lr={rate} --name rate{rate}\nauc = sum([{rate}])")
    capsys.readouterr()
    shell.run_cell('%runs --where "metrics.auc > 0.15" --order -metrics.auc')
    shown = capsys.readouterr().out
    assert "rate0.2" in shown
    assert "rate0.1" not in shown
    result = shell.run_cell("%runs --where 'auc > 1'")
    assert "\n  auc > 1\n  ^\n" in str(result.error_in_exec)
