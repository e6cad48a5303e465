"""What tracking a cell costs in a real IPython shell. Usage: cell.py TOOL N, in an empty folder.

The tracked and the bare cell take turns, so that both meet the same machine. mlflow has no cell magic: its cell is
what its users write, a `with mlflow.start_run()` around the body.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import time

from IPython.core.interactiveshell import InteractiveShell

CELLS = {
    "mlops_nb": "%%track bench\npass",
    "mlflow": "with mlflow.start_run():\n    pass",
}


def main():
    tool, count = sys.argv[1], int(sys.argv[2])
    shell = InteractiveShell.instance()
    if tool == "mlops_nb":
        shell.run_line_magic("load_ext", "mlops_nb")
    else:
        shell.run_cell("import os, mlflow; mlflow.set_tracking_uri('sqlite:///' + os.path.abspath('mlflow.db'))")
    bare, tracked = [], []
    clock = time.perf_counter_ns
    for turn in range(count + 10):
        for cell, times in (("pass", bare), (CELLS[tool], tracked)):
            with contextlib.redirect_stdout(io.StringIO()):
                before = clock()
                shell.run_cell(cell)
                took = clock() - before
            if turn >= 10:
                times.append(took)
    bare.sort()
    tracked.sort()
    middle = count // 2
    result = {
        "bare_ms": bare[middle] / 1e6,
        "tracked_ms": tracked[middle] / 1e6,
        "p95_ms": tracked[int(count * 0.95)] / 1e6,
    }
    print("RESULT " + json.dumps(result), file=sys.__stdout__)
    sys.__stdout__.flush()
    os._exit(0)


main()
