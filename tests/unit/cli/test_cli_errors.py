"""Wrong things typed: one line that says what is wrong, one that says what to do, and the exit code."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mlops_nb import errors, lineage
from mlops_nb.cli import exits, main
from mlops_nb.records.runs import STATUSES
from mlops_nb.store import Store

WRONG = [
    (["runz"], 2, "no command 'runz' in mlops-nb", "did you mean run or runs?"),
    (["runs", "lst"], 2, "no command 'lst' in mlops-nb runs", "did you mean list?"),
    (["help"], 2, "no command 'help' in mlops-nb", "`mlops-nb --help` shows all commands"),
    (["compare"], 2, "no command 'compare' in mlops-nb", "did you mean runs compare?"),
    (["--json", "runs", "list"], 2, "", "mlops-nb runs list --json"),
    (["run", "-p"], 2, "option '-p' requires an argument", "--help` shows how it is used"),
    (["zzz"], 2, "no command 'zzz' in mlops-nb", "there is run, runs, data"),
    (["runs", "list", "--stats", "x"], 2, "no option --stats", "did you mean --status?"),
    (
        ["runs", "list", "--status", "failing"],
        2,
        "invalid value for '--status': 'failing'",
        "`mlops-nb runs list --help`",
    ),
    (["runs", "list", "--notebook", "x.ipynb"], 3, "no notebook with runs named 'x.ipynb'", "no run here is of a"),
    (["runs", "list", "-n", "0"], 2, "invalid value for '-n'", "`mlops-nb runs list --help`"),
    (["runs", "show"], 2, "missing argument 'RUN'", "`mlops-nb runs show --help`"),
    (["runs", "show", ""], 3, "no run named ''", "there is"),
    (["runs", "show", "../../x"], 3, "no run named '../../x'", "there is"),
    (["runs", "compare", "abc"], 2, "one run cannot be compared", "mlops-nb runs compare abc OTHER"),
    (["--store", "", "runs", "list"], 2, "--store is empty", "name a folder"),
    (["--store", "nowhere", "runs", "list"], 3, "there is no store at", "check the path"),
    (["--store", ".", "runs", "list"], 3, "there is no store at", "did you mean"),
    (["--store", "s3://x/y", "runs", "list"], 2, "keeps its store in a local folder only", "name a folder"),
    (["data", "show", "flight"], 3, "no dataset named 'flight'", "did you mean flights?"),
    (["data", "show", "flights@9"], 3, "no dataset version flights@9", "there is 1 to 2"),
    (["data", "show", "flights@0"], 2, "version '0' cannot be used", "versions count from 1"),
    (["data", "list", "../x"], 3, "no dataset named", "there is flights"),
    (["data", "export", "flights", "x.xls"], 2, "'x.xls' has no suffix", ".parquet"),
    (["data", "export", "flights", "."], 2, ". is a folder", "flights.parquet"),
    (["data", "export", "flights", "no/x.csv"], 2, "there is no folder no", "mkdir -p no"),
    (["models", "show", "delays@chmpion"], 3, "no alias of delays named 'chmpion'", "did you mean champion?"),
    (["completion", "tcsh"], 2, "'tcsh' is not one of", "`mlops-nb completion --help`"),
    (["run"], 2, "missing argument 'NOTEBOOK'", "`mlops-nb run --help`"),
    (["run", "no.ipynb"], 3, "no notebook named 'no.ipynb'", "holds no notebooks"),
    (["run", "x.ipynb", "-p", "alpha"], 2, "'alpha'", "-p"),
]


@pytest.mark.parametrize(("words", "code", "message", "hint"), WRONG, ids=[" ".join(one[0]) for one in WRONG])
def test_what_is_wrong_is_said_in_two_lines(call, store: Store, words, code: int, message: str, hint: str) -> None:
    told = call(*words)
    assert (told.exit_code, told.stdout) == (code, "")
    if "--json" in words:
        assert hint in json.loads(told.stderr)["error"]["hint"]
        return
    first, second = told.stderr.splitlines()
    assert first.startswith("error: ")
    assert message in first
    assert second.startswith("hint: ")
    assert hint in second


@pytest.mark.parametrize("words", [["runs", "show", "zzz"], ["runs", "lst"], ["runs", "list", "--nope"]])
def test_json_errors_are_json_on_stderr(call, store: Store, words: list[str]) -> None:
    told = call(*words, "--json")
    assert told.stdout == ""
    assert {"code", "message", "hint"} <= json.loads(told.stderr)["error"].keys()


@pytest.mark.parametrize("words", [["-h"], ["--help"], ["runs", "-h"], ["runs", "compare", "-h"], [], ["runs"]])
def test_help_is_no_error(call, words: list[str]) -> None:
    told = call(*words)
    assert (told.exit_code, told.stderr) == (0, "")
    assert told.stdout.startswith("Usage: mlops-nb")


def test_version(call) -> None:
    assert call("--version").stdout.startswith("mlops-nb 0.")


def test_every_exit_code_of_an_error_is_of_an_error() -> None:
    family = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    codes = {kind.code for kind in family if issubclass(kind, errors.MlopsNbError)}
    assert set(exits.BY_ERROR) <= codes
    assert set(exits.BY_OUTCOME) == set(STATUSES) - {"running"}


def test_our_own_fault_is_one_line(call, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_args: object, **_options: object) -> None:
        raise RuntimeError("boom\nsecond line")

    monkeypatch.setattr(lineage, "list_runs", broken)
    told = call("runs", "list")
    assert told.exit_code == 70
    assert told.stderr.splitlines()[0] == "error: unexpected RuntimeError: boom second line"
    assert "MLOPS_NB_DEBUG=1" in told.stderr
    monkeypatch.setenv("MLOPS_NB_DEBUG", "1")
    assert isinstance(call("runs", "list").exception, RuntimeError)


def test_an_interrupt_ends_with_130(call, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_args: object, **_options: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(lineage, "list_runs", stopped)
    assert call("runs", "list").exit_code == 130


def test_an_unreadable_store_is_told(call, store: Store) -> None:
    (store.root / "format.json").unlink()
    (store.root / "format.json").mkdir()
    told = call("runs", "list")
    assert told.exit_code == 5
    assert told.stderr.startswith(f"error: cannot read {store.root}/format.json")


def test_a_store_of_a_newer_version_is_told(call, store: Store) -> None:
    (store.root / "format.json").write_text('{"format":99,"store_id":"x"}')
    told = call("runs", "list")
    assert told.exit_code == 5
    assert "pip install --upgrade mlops-nb" in told.stderr


def test_a_full_disk_at_export_is_told(call, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    from mlops_nb import datasets

    def full(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(datasets, "export", full)
    told = call("data", "export", "flights", "f.csv")
    assert told.stderr.startswith("error: cannot write f.csv: No space left on device\nhint: ")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(call, shell: str) -> None:
    assert "_MLOPS_NB_COMPLETE" in call("completion", shell).stdout


def test_completion_takes_the_users_shell(call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    assert call("completion").stdout == call("completion", "fish").stdout
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    assert call("completion").exit_code == 2


def test_names_in_the_store_are_offered_behind_tab(store: Store, own_place: Path) -> None:
    from click.shell_completion import ShellComplete

    def offered(*words: str) -> set[str]:
        complete = ShellComplete(main, {}, "mlops-nb", "_MLOPS_NB_COMPLETE")
        return {item.value for item in complete.get_completions(list(words[:-1]), words[-1])}

    assert offered("data", "show", "fl") == {"flights", "flights@1", "flights@2"}
    assert "delays@champion" in offered("models", "show", "")
    assert offered("runs", "list", "--experiment", "d") == {"delays"}
    assert offered("runs", "list", "--status", "cr") == {"crashed"}
    assert {run.id[-6:] for run in lineage.list_runs(store)} == offered("runs", "show", "")
    (store.root / "format.json").write_text("damaged")
    assert offered("data", "show", "fl") == set()


def test_a_query_that_cannot_be_read_is_pointed_at(call, store: Store) -> None:
    told = call("runs", "list", "--where", "metrics.loss >\x1b 1")
    assert told.exit_code == 2
    lines = told.stderr.splitlines()
    assert lines[1:3] == ["  metrics.loss >\N{REPLACEMENT CHARACTER} 1", "                ^"]
    assert "fields: metrics.K, params.K" in lines[3]
    plain = json.loads(call("runs", "list", "--json", "--order", "loss").stderr)["error"]
    assert (plain["code"], plain["query"], plain["at"]) == ("query", "loss", 0)
