"""Strings from a store are text: no markup is followed, no control character reaches the terminal."""

from __future__ import annotations

import re
import unicodedata

import pytest

from mlops_nb.records.journal import CaptureFaulted, RunError
from mlops_nb.store import Store
from mlops_nb.tracking import start_run

HOSTILE = "[bold red]name[/] \x1b[31m\u202e\x07 [link=x]y[/link]"


@pytest.fixture
def hostile(store: Store) -> str:
    run = start_run(store, experiment="hostile", kind="cell", params={"p": HOSTILE}, tags={"t": HOSTILE})
    run.log_artifact(b"x", "x.bin")
    run.record(CaptureFaulted(1.0, where="somewhere", message=HOSTILE))
    run.finish("failed", RunError(HOSTILE, HOSTILE, f"Traceback\n{HOSTILE}\n"))
    return run.id


@pytest.mark.parametrize("words", [["list"], ["show", "RUN"], ["compare", "RUN", "RUN"]])
def test_text_stays_text(call, hostile: str, words: list[str]) -> None:
    told = call("runs", *(hostile if word == "RUN" else word for word in words)).stdout
    assert "[bold red]name" in told
    assert "\\x1b" in told or "…" in told
    assert not [c for c in told if unicodedata.category(c) in {"Cc", "Cf"} and c != "\n"]


def test_errors_stay_text(call, store: Store) -> None:
    told = call("runs", "show", HOSTILE).stderr
    assert "\x1b" not in re.sub(r"\x1b\[[0-9;]*m(?=error|hint|:| |$)", "", told)
    assert "\u202e" not in told
    assert len(told.splitlines()) == 2
