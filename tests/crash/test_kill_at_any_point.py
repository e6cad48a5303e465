"""A whole life of a store, killed at every write boundary, at random moments, and eight writers at once.

Some 250 kills by default; `MLOPS_NB_KILLS=5000` makes it thousands. What must hold stands in `life.check`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

KILLS = int(os.environ.get("MLOPS_NB_KILLS", "250"))
SECONDS_A_KILL = 2


@pytest.mark.timeout(300 + KILLS * SECONDS_A_KILL)
def test_a_writer_killed_at_any_point_costs_nothing(tmp_path):
    # Threads of a linear algebra library would not survive the forks, and nothing here needs them.
    one_thread = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    ended = subprocess.run(
        [sys.executable, Path(__file__).with_name("killing.py"), tmp_path, str(KILLS)],
        env={**os.environ, **one_thread},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    report = json.loads(ended.stdout)
    assert not report["failures"], "\n".join(report["failures"][:5])
    seen = " ".join(report["boundaries"])
    # All parts are among what was found: folders, journal, objects and ledger, markers, index.
    assert all(part in seen for part in ("os.mkdir", "os.write", "file.write", "os.link", "os.unlink", "COMMIT"))
    killed = {name: count for name, count in report["killed"].items() if "late" not in name and "ended" not in name}
    assert sum(killed.values()) >= 150, report["killed"]
    assert min(killed[name] for name in ("before", "half", "reader", "random", "of eight")) > 0
