"""How long one statement takes in a fresh process. Usage: start_up.py import|load_ext|bare_ipython."""

from __future__ import annotations

import json
import sys
import time

what = sys.argv[1]
clock = time.perf_counter
if what == "import":
    before = clock()
    import mlops_nb  # noqa: F401

    took = clock() - before
else:
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    before = clock()
    if what == "load_ext":
        shell.run_line_magic("load_ext", "mlops_nb")
    took = clock() - before
print("RESULT " + json.dumps({"ms": took * 1e3}))
