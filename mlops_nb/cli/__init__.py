"""The command line: `mlops-nb`.

    root         all commands together
    run, runs, data, models, audit, index, doctor, demo, completion     a command each
    program      suggestions, help, and how a command ends
    exits        every exit code, and how an error is told
    options      `--store` and `--json`
    run_tables   how runs look
    tables       how answers look on a terminal and in a pipe; `colors` for single words
    progress     how far a headless run is
    checks       what the doctor reports: `checks_install`, `checks_store`, and `race`, which tries a folder out
    suggestions  what the shell offers behind Tab

Help and parsing load click and little else: every command imports what it needs when it runs.

Floor 6. Knows lineage, tracking, datasets and the headless runner; knows no magics and no server. Called by the
`mlops-nb` script.
"""

from __future__ import annotations

from mlops_nb.cli.root import main

__all__ = ["main"]
