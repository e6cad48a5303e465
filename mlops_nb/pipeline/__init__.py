"""Headless runs: a notebook executed through papermill, recorded as one run, closed truthfully.

    parameters    `-p alpha=0.1`, and what the notebook's `parameters` cell says may be set
    notebook      reading and checking a notebook file before anything starts
    verdict       how it ended: completed, failed, interrupted, crashed
    recording     the notebook's run: started, shown to the kernel, rolled up, closed
    execution     the output notebook: cell states, atomic and sparing saves, a marker where it died
    client        the conversation with the kernel
    session       the three above brought together, from the first cell to the closed run
    termination   SIGTERM as an exception; `progress`: what is told of each cell
    engine        papermill's socket: `--engine mlops_nb`
    headless      `run_notebook`, for the CLI and for programs

Importing this package, `parameters`, `notebook`, `engine` or `headless` loads neither papermill nor nbformat;
`execution`, `client` and `session` do, and are imported when a run begins.

Floor 5. Knows tracking and lineage; knows no command line. Called by magics, cli, server, and by papermill.
"""
