"""The store under load: our own numbers, each in a fresh process and an empty folder, medians of the rounds."""

from __future__ import annotations

from tests.benchmarks.harness import Result, interleave, median, run_driver, table


def _store(*arguments: str) -> Result:
    return run_driver("mlops_nb", "store.py", *arguments)


def store(rounds: int) -> str:
    """What the log promises when it is pressed."""
    results = interleave(
        rounds,
        {
            "ratio": lambda: _store("write_ratio", "20000"),
            "eight": lambda: _store("workers", "8", "1000"),
            "bare": lambda: _store("bare_workers", "8"),
            "create": lambda: _store("create", "1000"),
            "points": lambda: _store("points", "1000000"),
        },
    )
    eight, bare = median(results["eight"], "run_s"), median(results["bare"], "run_s")
    points = min(int(result["points"]) for result in results["eight"])
    failed = sum(int(result["failed"]) for result in results["eight"])
    ratio = results["ratio"]
    rows = [
        ["log call, p50", "<= 4 us", f"{median(ratio, 'log_us'):.2f} us"],
        ["log call over a bare write(2) of the same bytes", "<= 4 x", f"{median(ratio, 'ratio'):.1f} x"],
        ["8 processes x 1,000 points, fresh store, beyond 8 bare interpreters", "<= 0.5 s", f"{eight - bare:.2f} s"],
        ["the same: points recorded, processes failed", "8000, 0", f"{points}, {failed}"],
        ["1,000 runs x 5 params x 5 metrics", "<= 1 s", f"{median(results['create'], 'create_s'):.2f} s"],
        ["1M points of one metric into a DataFrame", "<= 0.5 s", f"{median(results['points'], 'read_s'):.2f} s"],
    ]
    return table(["the store under load", "target", "median"], rows)


def scale(rounds: int) -> str:
    """Ten thousand runs. Slow to make, so fewer rounds do."""
    results = interleave(
        min(rounds, 3),
        {"top": lambda: _store("top", "10000", "100"), "rebuild": lambda: _store("rebuild", "10000", "1000")},
    )
    rows = [
        ["top 20 of 10,000 runs by a metric, warm", "<= 3 ms", f"{median(results['top'], 'warm_ms'):.2f} ms"],
        ["the same with 100 new runs to catch up", "<= 50 ms", f"{median(results['top'], 'caught_up_ms'):.1f} ms"],
        ["index rebuild, 10,000 runs x 1,000 points", "<= 30 s", f"{median(results['rebuild'], 'rebuild_s'):.1f} s"],
        ["the same: peak memory", "<= 500 MB", f"{median(results['rebuild'], 'peak_mb'):.0f} MB"],
    ]
    return table(["ten thousand runs", "target", "median"], rows)
