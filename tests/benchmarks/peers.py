"""One virtual environment per peer, made once in `$MLOPS_NB_BENCH` (default: a folder in the user's cache)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = {
    "wandb": ["wandb==0.28.1"],
    "mlflow": ["mlflow==3.17.0", "ipython"],
    "trackio": ["trackio"],
    "dvclive": ["dvclive"],
}
QUIET = {
    "WANDB_MODE": "offline",
    "WANDB_SILENT": "true",
    "WANDB_CONSOLE": "off",
    "WANDB_ERROR_REPORTING": "false",
    "WANDB_DISABLE_GIT": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "DVC_NO_ANALYTICS": "1",
    "HF_HUB_OFFLINE": "1",
    "GIT_PYTHON_REFRESH": "quiet",
}


def home() -> Path:
    """Where the peers' environments are."""
    named = os.environ.get("MLOPS_NB_BENCH")
    return Path(named) if named else Path.home() / ".cache" / "mlops_nb_bench"


def python_of(peer: str) -> Path:
    """The interpreter of a peer's environment; made when it is not there."""
    folder = home() / f"venv-{peer}"
    python = folder / "bin" / "python"
    done = folder / ".ready"
    if not done.exists():
        print(f"installing {peer} into {folder} (once)", flush=True)
        uv = shutil.which("uv") or str(Path(sys.executable).with_name("uv"))
        subprocess.run([uv, "venv", "-q", "--clear", str(folder)], check=True)
        install = [uv, "pip", "install", "-q", "--compile-bytecode", "--python", str(python), *PACKAGES[peer]]
        subprocess.run(install, check=True)
        done.touch()
    return python
