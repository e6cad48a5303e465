"""`python -m tests.benchmarks [start|log|cell|store|scale] [--rounds N] [--ours]`: Markdown for RESULTS.md."""

from __future__ import annotations

import argparse

from tests.benchmarks import machine, under_fire
from tests.benchmarks.harness import Result, interleave, median, ratio, run_driver, table

PEERS = ("wandb", "trackio", "dvclive", "mlflow")


def log_call(rounds: int, tools: tuple[str, ...]) -> str:
    """One `log` call, durable against kill -9 when it returns (ours, dvclive and mlflow; see `peers.md` of each)."""
    counts = {"mlops_nb": "20000", "wandb": "5000", "trackio": "5000", "dvclive": "500", "mlflow": "500"}
    jobs = {tool: lambda tool=tool: run_driver(tool, "log_call.py", tool, counts[tool]) for tool in tools}
    results = interleave(rounds, jobs)
    rows = [
        [
            tool,
            f"{median(results[tool], 'p50_us'):.2f}",
            f"{median(results[tool], 'p99_us'):.1f}",
            f"{median(results[tool], 'finish_s'):.3f}",
            f"{ratio(results, tool, 'mlops_nb', 'p50_us'):.1f} x",
        ]
        for tool in tools
    ]
    return table(["log call", "p50, us", "p99, us", "finish, s", "p50 over ours"], rows)


def cell(rounds: int, tools: tuple[str, ...]) -> str:
    """A tracked cell over a bare one, in a real IPython shell."""
    chosen = [tool for tool in tools if tool in {"mlops_nb", "mlflow"}]
    results = interleave(rounds, {tool: lambda tool=tool: run_driver(tool, "cell.py", tool, "100") for tool in chosen})

    def over(result: Result) -> Result:
        return {"ms": result["tracked_ms"] - result["bare_ms"]}

    rows = [
        [
            tool,
            f"{median(results[tool], 'bare_ms'):.2f}",
            f"{median(results[tool], 'tracked_ms'):.2f}",
            f"{median([over(result) for result in results[tool]], 'ms'):.2f}",
            f"{median(results[tool], 'p95_ms'):.2f}",
        ]
        for tool in chosen
    ]
    return table(["cell `pass`", "bare p50, ms", "tracked p50, ms", "over bare, ms", "tracked p95, ms"], rows)


def start(rounds: int, tools: tuple[str, ...]) -> str:
    """Start-up: statements in fresh processes, and whole processes over bare Python."""
    jobs = {
        "import": lambda: run_driver("mlops_nb", "start_up.py", "import"),
        "load_ext": lambda: run_driver("mlops_nb", "start_up.py", "load_ext"),
        "bare": lambda: run_driver("bare", "first_metric.py", "bare"),
        **{tool: lambda tool=tool: run_driver(tool, "first_metric.py", tool) for tool in tools},
    }
    results = interleave(rounds, jobs)
    bare = median(results["bare"], "wall_s")
    rows = [
        ["`import mlops_nb`", f"{median(results['import'], 'ms'):.1f}"],
        ["`%load_ext mlops_nb` in bare IPython", f"{median(results['load_ext'], 'ms'):.1f}"],
        ["bare Python process", f"{bare * 1e3:.0f}"],
        *(
            [
                f"first durable metric, fresh store, over bare: {tool}",
                f"{(median(results[tool], 'wall_s') - bare) * 1e3:.0f}",
            ]
            for tool in tools
        ),
    ]
    return table(["start-up", "median, ms"], rows)


BENCHMARKS = {
    "start": start,
    "log": log_call,
    "cell": cell,
    "store": lambda rounds, _tools: under_fire.store(rounds),
    "scale": lambda rounds, _tools: under_fire.scale(rounds),
}


def main() -> None:
    """Parse, run, print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("what", nargs="*", default=list(BENCHMARKS), help=", ".join(BENCHMARKS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--ours", action="store_true", help="without the peers")
    options = parser.parse_args()
    tools = ("mlops_nb",) if options.ours else ("mlops_nb", *PEERS)
    print(f"{machine.describe()}; load before: {machine.load()}; {options.rounds} rounds, interleaved, medians\n")
    for name in options.what:
        print(BENCHMARKS[name](options.rounds, tools), "\n", flush=True)


main()
