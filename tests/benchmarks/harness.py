"""Running drivers in turn, each in a fresh process and an empty folder, and summing up by medians."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.benchmarks import peers

DRIVERS = Path(__file__).parent / "drivers"
Result = dict[str, float]


def run_driver(tool: str, driver: str, *arguments: str) -> Result:
    """Run a driver with the interpreter of its tool. `wall_s` is the whole process; the rest is what it printed."""
    ours = tool in {"mlops_nb", "bare"}
    python = sys.executable if ours else str(peers.python_of(tool))
    with tempfile.TemporaryDirectory() as folder:
        cache = str(Path(folder) / "cache")
        environ = {**os.environ, **peers.QUIET, "MLOPS_NB_CACHE": cache, "TRACKIO_DIR": folder, "IPYTHONDIR": cache}
        environ.pop("PYTHONDONTWRITEBYTECODE", None)
        command = [python, str(DRIVERS / driver), *arguments]
        before = time.perf_counter()
        done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True, check=False)
        wall_s = time.perf_counter() - before
    if done.returncode != 0:
        raise SystemExit(f"{driver} {arguments} failed:\n{done.stderr[-2000:]}")
    found = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    return {**(json.loads(found[-1][7:]) if found else {}), "wall_s": wall_s}


def interleave(rounds: int, jobs: Mapping[str, Callable[[], Result]]) -> dict[str, list[Result]]:
    """Each job once a round, in turn, so that all meet the same machine."""
    results: dict[str, list[Result]] = {name: [] for name in jobs}
    for turn in range(rounds):
        for name, job in jobs.items():
            print(f"\rround {turn + 1}/{rounds}: {name:<30}", end="", file=sys.stderr, flush=True)
            results[name].append(job())
    print("\r" + " " * 60 + "\r", end="", file=sys.stderr)
    return results


def median(results: Sequence[Result], key: str) -> float:
    """The median of one figure."""
    return statistics.median(result[key] for result in results)


def ratio(results: Mapping[str, Sequence[Result]], peer: str, ours: str, key: str) -> float:
    """The median of the peer's figure over ours, round by round."""
    pairs = zip(results[peer], results[ours], strict=True)
    return statistics.median(theirs[key] / own[key] for theirs, own in pairs)


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(headers) + " |", "|" + "---|" * len(headers)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])
