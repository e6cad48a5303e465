"""Looking at running code: what a cell assigned and computed, where it ran, what it cost, printed and drew.

Each module answers one question and returns plain values:

- `code`: which names a cell binds, and how; `harvest`: which of them are params and metrics.
- `redaction`: what looks like a secret, and text without it.
- `environment`: interpreter, platform, packages; `git`: the checkout; `where`: notebook and host.
- `resources`: CPU time and peak memory; `output`: the tail of what was printed; `figures`: plots as PNG.

The law of this room: looking never breaks the user's cell. Odd input costs a missing fact, not an exception.

Floor 2. Knows no store, no run and no notebook machinery; imports no framework (a library that the user has
loaded is found in `sys.modules`). Called by `tracking` and above, each submodule by its own name: this
package imports nothing, so that a caller pays for what it asks.
"""
