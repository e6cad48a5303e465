"""The store under load. Usage: store.py OP [NUMBER ...], in an empty folder. Prints one RESULT line.

OP: write_ratio N | worker N | workers P N | bare_workers P | create R | top R NEW | rebuild R P | points N
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

clock = time.perf_counter


def open_here():
    from mlops_nb.store import Store

    return Store(Path("store").absolute())


def start(store, **more):
    from mlops_nb.tracking import start_run

    return start_run(store, experiment="bench", kind="script", **more)


def write_ratio(count):
    """A log call against a bare write(2) of the same bytes, taking turns."""
    run = start(open_here())
    run.log_metric("loss", 0.5, 0)
    line = Path(run.store.journals.path(run.id)).read_bytes().splitlines(keepends=True)[-1]
    handle = os.open("bare.jsonl", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    logged, bare = [], []
    for step in range(count):
        before = time.perf_counter_ns()
        run.log_metric("loss", 0.5, step)
        middle = time.perf_counter_ns()
        os.write(handle, line)
        bare.append(time.perf_counter_ns() - middle)
        logged.append(middle - before)
    run.finish()
    log_us, write_us = statistics.median(logged) / 1e3, statistics.median(bare) / 1e3
    return {"log_us": log_us, "write_us": write_us, "ratio": log_us / write_us}


def worker(count):
    run = start(open_here())
    for step in range(count):
        run.log_metric("loss", 0.5 * step, step)
    run.finish()
    return {}


def workers(processes, count):
    """So many processes at once on a fresh store; `wall_s` from the first start to the last end."""
    before = clock()
    command = [sys.executable, __file__, "worker", str(count)] if count else [sys.executable, "-c", "pass"]
    started = [subprocess.Popen(command, stdout=subprocess.DEVNULL) for _ in range(processes)]
    codes = [process.wait() for process in started]
    wall_s = clock() - before
    points = 0
    if count:
        from mlops_nb import lineage

        points = sum(run.metrics["loss"].count for run in lineage.list_runs(open_here(), status="completed"))
    return {"run_s": wall_s, "failed": sum(code != 0 for code in codes), "points": points}


def bare_workers(processes):
    return workers(processes, 0)


def create(runs, store=None):
    """Runs with five params and five metrics each."""
    store = store or open_here()
    before = clock()
    for number in range(runs):
        run = start(store, params={f"p{key}": number * key for key in range(5)})
        for key in range(5):
            run.log_metric(f"m{key}", (number * 7919 + key) % 10_007 / 10_007, 0)
        run.finish()
    return {"create_s": clock() - before}


def top(runs, new):
    """The 20 best of many runs by a metric: warm, and with new runs of another process to catch up with."""
    from mlops_nb import lineage

    store = open_here()
    create(runs, store)

    def ask():
        before = clock()
        found = lineage.list_runs(store, order="-metrics.m0", limit=20)
        took = clock() - before
        assert len(found) == 20
        return took * 1e3

    first = ask()
    warm = statistics.median(ask() for _ in range(50))
    subprocess.run([sys.executable, __file__, "create", str(new)], check=True, stdout=subprocess.DEVNULL)
    return {"first_ms": first, "warm_ms": warm, "caught_up_ms": ask()}


def rebuild(runs, points):
    """The index of many runs with many points each, made anew; the memory it takes."""
    from mlops_nb import lineage

    store = open_here()
    for _ in range(runs):
        run = start(store)
        for step in range(points):
            run.log_metric("loss", 1 / (step + 1), step)
        run.finish()
    lineage.list_runs(store, limit=1)
    base_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    before = clock()
    store.index.rebuild()
    took = clock() - before
    peak_kb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"rebuild_s": took, "peak_mb": peak_kb / 1e3, "base_mb": base_kb / 1e3}


def points(count):
    """One metric with many points, read into a DataFrame."""
    import pandas as pd

    from mlops_nb.lineage import RunView, get_run

    run = start(open_here())
    for step in range(count):
        run.log_metric("loss", 1 / (step + 1), step)
    run.finish()
    view = RunView(run.store, get_run(run.store, run.id))
    pd.to_datetime(pd.Series([0]), unit="us", utc=True)
    before = clock()
    frame = view.history("loss")
    took = clock() - before
    assert len(frame) == count
    return {"read_s": took}


OPERATIONS = {
    "write_ratio": write_ratio,
    "worker": worker,
    "workers": workers,
    "bare_workers": bare_workers,
    "create": create,
    "top": top,
    "rebuild": rebuild,
    "points": points,
}

if __name__ == "__main__":
    print("RESULT " + json.dumps(OPERATIONS[sys.argv[1]](*map(int, sys.argv[2:]))))
