"""Cold process to first durable metric on a fresh store: all of this file counts. Usage: first_metric.py TOOL."""

from __future__ import annotations

import os
import sys

tool = sys.argv[1]
if tool == "bare":
    pass
elif tool == "mlops_nb":
    import mlops_nb as mb

    with mb.track("bench") as run:
        run.log_metric("loss", 0.5)
        os._exit(0)  # the point is durable now: the rest of the run does not count
elif tool == "wandb":
    import wandb

    run = wandb.init(project="bench")
    run.log({"loss": 0.5})
    run.finish()
elif tool == "mlflow":
    import mlflow

    mlflow.set_tracking_uri("sqlite:///" + os.path.abspath("mlflow.db"))
    with mlflow.start_run():
        mlflow.log_metric("loss", 0.5)
elif tool == "trackio":
    import trackio

    trackio.init(project="bench", embed=False)
    trackio.log({"loss": 0.5})
    trackio.finish()
elif tool == "dvclive":
    from dvclive import Live

    with Live(save_dvc_exp=False, dvcyaml=False) as live:
        live.log_metric("loss", 0.5)
