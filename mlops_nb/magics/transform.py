"""`%%track` as a rewriting of the cell's first line.

A magic that ran the cell itself would double events and counts, show results twice and break `await`. So line 1
becomes an ordinary call that opens the run, the body stays the ordinary cell, and a hook after the cell closes the
run. Works above and below other cell magics (`%%time`, `%%capture`), which transform their own body.
"""

from __future__ import annotations

import re

_TRACK = re.compile(r"%%track(?P<line>[ \t].*|)\n?$")
_MAGIC = re.compile(r"%%\w")

ATTRIBUTE = "_mlops_nb"
"""Where the shell keeps the extension, whose `begin_track` line 1 calls."""


def rewrite_track(lines: list[str]) -> list[str]:
    """IPython line transform: given a cell's lines, rewrite those of a tracked cell; leave all others alone."""
    found = _TRACK.match(lines[0]) if lines else None
    if found is None:
        return lines
    head = f"get_ipython().{ATTRIBUTE}.begin_track({found['line'].strip()!r})"
    body = lines[1:]
    if body and _MAGIC.match(body[0]):
        from IPython.core.inputtransformer2 import cell_magic

        return [f"{head};" + "".join(cell_magic(body))]
    return [head + "\n", *body]


def is_tracked(source: str) -> bool:
    """Whether a cell as typed has `%%track` among its leading cell magics."""
    for line in source.splitlines():
        if _TRACK.match(line):
            return True
        if line.strip() and not _MAGIC.match(line):
            return False
    return False


def body_of(source: str) -> str:
    """A cell as typed without its leading cell magics, line numbers kept."""
    lines = source.splitlines(keepends=True)
    for at, line in enumerate(lines):
        if line.strip() and not _MAGIC.match(line):
            break
        lines[at] = "\n"
    return "".join(lines)
