"""CPU time and peak memory of real work."""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

import pytest

from mlops_nb.capture import resources
from mlops_nb.capture.resources import Meter

MB = 1_000_000
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only Linux resets its high-water mark")


def burn(seconds: float) -> None:
    ends = time.thread_time() + seconds
    while time.thread_time() < ends:
        pass


def test_cpu_of_all_threads_and_no_sleep() -> None:
    meter = Meter()
    meter.start()
    thread = threading.Thread(target=burn, args=(0.05,))
    thread.start()
    thread.join()
    time.sleep(0.1)
    cpu_s, _ = meter.stop()
    assert 0.05 <= cpu_s < 0.1


@on_linux
def test_the_peak_is_the_runs_own() -> None:
    block = b"x" * (200 * MB)
    del block
    meter = Meter()
    meter.start()
    _, low = meter.stop()
    meter.start()
    block = b"x" * (100 * MB)
    del block
    _, high = meter.stop()
    assert low is not None
    assert high is not None
    assert 80 * MB < high - low < 150 * MB


@on_linux
def test_an_inner_meter_does_not_hide_the_outer_ones_peak() -> None:
    outer, inner = Meter(), Meter()
    outer.start()
    _, base = outer.stop()
    outer.start()
    block = b"x" * (100 * MB)
    del block
    inner.start()
    _, seen_by_inner = inner.stop()
    _, seen_by_outer = outer.stop()
    assert base is not None
    assert seen_by_inner is not None
    assert seen_by_outer is not None
    assert seen_by_outer - base > 80 * MB
    assert seen_by_inner - base > 80 * MB


def test_without_permission_the_peak_is_that_of_the_whole_life(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "_CLEAR_REFS", Path("/nonexistent/clear_refs"))
    meter = Meter()
    meter.start()
    _, peak = meter.stop()
    assert peak is not None
    assert peak > 10 * MB


def test_stopping_again_or_never_started() -> None:
    meter = Meter()
    assert meter.stop() == (0.0, None)
    meter.start()
    meter.start()
    assert meter.stop() == meter.stop()
    assert resources._running == 0
