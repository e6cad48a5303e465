"""Log N points with one tool and print how long each call took. Usage: log_call.py TOOL N, in an empty folder.

Run by the interpreter of the tool's own environment; imports nothing of ours but for the tool `mlops_nb`.
"""

from __future__ import annotations

import json
import os
import sys
import time


def mlops_nb():
    import mlops_nb as mb

    block = mb.track("bench")
    run = block.__enter__()
    return lambda value, step: run.log_metric("loss", value, step), lambda: block.__exit__(None, None, None)


def wandb():
    import wandb

    run = wandb.init(project="bench")
    return lambda value, step: run.log({"loss": value}, step=step), run.finish


def mlflow():
    import logging

    import mlflow

    logging.getLogger("mlflow").setLevel(logging.ERROR)
    logging.getLogger("alembic").setLevel(logging.ERROR)
    mlflow.set_tracking_uri("sqlite:///" + os.path.abspath("mlflow.db"))
    mlflow.start_run()
    return lambda value, step: mlflow.log_metric("loss", value, step=step), mlflow.end_run


def trackio():
    import trackio

    os.environ["TRACKIO_DIR"] = os.path.abspath("store")
    trackio.init(project="bench", embed=False)
    return lambda value, step: trackio.log({"loss": value}, step=step), trackio.finish


def dvclive():
    from dvclive import Live

    live = Live(save_dvc_exp=False, dvcyaml=False)

    def log(value, step):
        live.log_metric("loss", value)
        live.next_step()

    return log, live.end


def main():
    tool, count = sys.argv[1], int(sys.argv[2])
    log, finish = globals()[tool]()
    for step in range(min(100, count)):
        log(1.0, step)
    took = []
    clock = time.perf_counter_ns
    for step in range(100, 100 + count):
        before = clock()
        log(0.5 * step, step)
        took.append(clock() - before)
    before = time.perf_counter()
    finish()
    finish_s = time.perf_counter() - before
    took.sort()
    result = {"p50_us": took[count // 2] / 1e3, "p99_us": took[int(count * 0.99)] / 1e3, "finish_s": finish_s}
    print("RESULT " + json.dumps(result))


main()
