"""Names, references, ids and how values read."""

from __future__ import annotations

import math

import pytest

from mlops_nb._ids import is_run_id, new_run_id, short_id
from mlops_nb._lazy import loaded, require
from mlops_nb.errors import MissingDependencyError, UsageError
from mlops_nb.records import text
from mlops_nb.records.names import Reference, check_key, check_name, parse_reference


@pytest.mark.parametrize(
    "name", ["flights", "a", "Übung 7", "データ", "x_1.2-b", "_hidden", "2024", "e\u0301", "a" * 128]
)
def test_fit_names(name):
    assert check_name("dataset", check_name("dataset", name)) == check_name("dataset", name)


@pytest.mark.parametrize(
    "name",
    ["", " ", " a", "a ", "../x", "a/b", "a\\b", "a\nb", "\x00", "\x1b[31m", "-rf", ".hidden", "a@3", "a" * 129,
     "\ud800", "<b>", "a:b", "\u0301", None, 5, b"x", ["x"], "a\u202eb", "\u0958" * 100],
)  # fmt: skip
def test_unfit_names(name):
    with pytest.raises(UsageError) as caught:
        check_name("dataset", name)
    assert "letters" in caught.value.hint
    assert caught.value.message.isprintable()


def test_names_are_composed():
    assert check_name("dataset", "e\u0301") == "\u00e9"
    assert parse_reference("dataset", "e\u0301@1") == Reference("\u00e9", 1)


@pytest.mark.parametrize("key", ["train/loss", "f1@0.5", "ß", "a b", "x" * 250, "../x", "<b>"])
def test_fit_keys(key):
    assert check_key("metric", key) == key


@pytest.mark.parametrize(
    ("written", "name", "version", "alias"),
    [
        ("flights", "flights", None, ""),
        ("flights@3", "flights", 3, ""),
        ("flights@v3", "flights", 3, ""),
        ("delays@champion", "delays", None, "champion"),
        ("delays@v", "delays", None, "v"),
        ("a@999999999", "a", 999_999_999, ""),
    ],
)
def test_references(written, name, version, alias):
    found = parse_reference("dataset", written)
    assert found == Reference(name, version, alias)
    assert parse_reference("dataset", str(found)) == found


@pytest.mark.parametrize(
    "written",
    ["", "@3", "a@", "a@0", "a@-1", "a@1@2", "a@\u00b2", "a@1000000000", "a@../x", "a@\ud800", None, 3, "a@٣"],
)
def test_unfit_references(written):
    with pytest.raises(UsageError):
        parse_reference("dataset", written)


def test_ids():
    run_id = new_run_id(0)
    assert run_id.startswith("19700101-000000-")
    assert is_run_id(run_id)
    assert short_id(run_id) == run_id[-6:]
    assert len({new_run_id(0) for _ in range(200)}) == 200
    for other in (run_id + "\n", run_id.upper() + "x", "../" + run_id, "", run_id[:-1], run_id[:-1] + "u"):
        assert not is_run_id(other)


def test_optional_packages():
    assert loaded("math") is math
    assert loaded("no_such_module") is None
    with pytest.raises(MissingDependencyError, match="nothere") as caught:
        require("nothere.sub", package="nothere", extra="x", why="this")
    assert "mlops-nb[x]" in caught.value.hint
    assert require("math", package="math", extra="x", why="this") is math


def test_a_broken_package_says_so_itself(tmp_path, monkeypatch):
    (tmp_path / "brokenpack.py").write_text("import not_there_at_all")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="not_there_at_all") as caught:
        require("brokenpack", package="brokenpack", extra="x", why="this")
    assert not isinstance(caught.value, MissingDependencyError)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "–"), (0, "0 ms"), (0.00025, "0.25 ms"), (0.34, "340 ms"), (0.9996, "1.0 s"), (1, "1.0 s"), (2.14, "2.1 s"),
     (59.97, "1 min 00 s"), (60, "1 min 00 s"), (192, "3 min 12 s"), (3599.7, "1 h 00 min"), (7500, "2 h 05 min")],
)  # fmt: skip
def test_durations(seconds, shown):
    assert text.duration(seconds) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [(None, "–"), (0, "0 B"), (512, "512 B"), (999, "999 B"), (1500, "1.5 kB"), (20_000_000, "20.0 MB"),
     (999_960, "1.0 MB"), (123_456_789, "123 MB"), (5 * 10**12, "5.0 TB")],
)  # fmt: skip
def test_sizes(count, shown):
    assert text.size(count) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [(None, "–"), (0.5, "0.5"), (3.0, "3"), (1234567.0, "1 234 567"), (0.123456, "0.1235"), (math.nan, "nan"),
     ("nan", "nan"), (math.inf, "inf"), (1e300, "1e+300"), (-2.0, "-2")],
)  # fmt: skip
def test_numbers(value, shown):
    assert text.number(value) == shown


def test_changes():
    assert text.change(0.5, 0.25) == "+0.25"
    assert text.change(1, 4) == "−3"
    assert text.change(1, 1) == "±0"
    assert text.change(None, 1) == text.change(1, None) == text.change(math.nan, 1) == text.change(1, math.inf) == ""


def test_params_read_on_one_line():
    assert text.param("a\nb") == "a b"
    assert text.param([1.0, "x", None]) == "[1.0, 'x', None]"
    assert text.param("y" * 100) == "y" * 59 + "…"
    assert text.param(True) == "True"


def test_times():
    assert text.moment(0) == "1970-01-01 00:00:00"
    assert text.moment(None) == text.ago(None) == "–"
    now = 1_000_000_000.0
    shown = [text.ago(now - passed, now) for passed in (0, 30, 300, 7200, 90_000, 3 * 86_400, 30 * 86_400)]
    assert shown == ["just now", "30 s ago", "5 min ago", "2 h ago", "1 day ago", "3 days ago", "2001-08-10"]
    assert text.ago(now + 99, now) == "just now"


def test_terminals_are_safe():
    assert text.printable("a\x1b[31m\u202e\ud800\nb\t") == "a\\x1b[31m\\u202e\\ud800\nb\t"
