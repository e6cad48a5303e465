"""The one error family.

Every error a user can meet derives from `MlopsNbError` and from the built-in a Python programmer would
expect, says what to do in `hint`, and carries a stable kebab-case `code` that the CLI and the server map
to an exit code and an HTTP status (one table each, at their surface).

Floor: the ground. Knows nothing of the rest of the package; everybody may import it.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

_POINTER_REACH = 50
"""Characters of a query that are shown on either side of a fault."""


class MlopsNbError(Exception):
    """Root of the family.

    Args:
        message: One line: what happened, naming the thing it happened to.
        hint: One line: what the reader can do now. Empty where the message says it all.
        context: Facts for machines (`--json`, the server's error body). JSON values only.
    """

    code = "error"

    def __init__(self, message: str, *, hint: str = "", **context: Any) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.context = context

    def __str__(self) -> str:
        """Both lines, because a traceback shows nothing else."""
        return f"{self.message}\n  hint: {self.hint}" if self.hint else self.message

    def __reduce__(self) -> tuple[Any, ...]:
        """Keep hint and context across process borders, where `Exception` would keep only `args`."""
        return _revive, (type(self), self.message, self.hint, self.context)

    def to_dict(self) -> dict[str, Any]:
        """The wire form: `code`, `message`, `hint` and the context."""
        return {"code": self.code, "message": self.message, "hint": self.hint, **self.context}


def _revive(kind: type[MlopsNbError], message: str, hint: str, context: dict[str, Any]) -> MlopsNbError:
    return kind(message, hint=hint, **context)


class UsageError(MlopsNbError, ValueError):
    """The caller asked for something that cannot be meant: a bad name, a bad option, a closed run."""

    code = "usage"


class QueryError(UsageError):
    """A `where` or an `order` that cannot be read. The context's `query` and `at` say where it stops making sense."""

    code = "query"

    @property
    def pointer(self) -> str:
        """Two lines: the query around the place, and a caret below it. '' where no place is known."""
        query, at = self.context.get("query"), self.context.get("at")
        if query is None or at is None:
            return ""
        begin = max(0, at - _POINTER_REACH)
        # One column a character, or the caret would stand elsewhere.
        shown = "".join(
            c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in query[begin : at + _POINTER_REACH]
        )
        return f"{shown}\n{' ' * (at - begin)}^"

    def __str__(self) -> str:
        """The pointer stands between message and hint."""
        lines = [self.message, *self.pointer.splitlines(), f"hint: {self.hint}" if self.hint else ""]
        return "\n  ".join(line for line in lines if line)


class NotFoundError(MlopsNbError, LookupError):
    """A run, dataset, model, notebook or file that is not there."""

    code = "not-found"

    @classmethod
    def among(cls, kind: str, wanted: str, known: Iterable[str], *, hint: str = "") -> NotFoundError:
        """Build the error naming what does exist: near matches first, else the first few.

        Args:
            kind: The noun, as in "no dataset named ...".
            wanted: What was asked for.
            known: What there is.
            hint: What to do when there is nothing at all.
        """
        names = sorted(set(known))
        near = difflib.get_close_matches(wanted, names, n=3, cutoff=0.5)
        if near:
            hint = f"did you mean {' or '.join(near)}?"
        elif names:
            shown = ", ".join(names[:5])
            hint = f"there is {shown}" + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        return cls(f"no {kind} named {wanted!r}", hint=hint, kind=kind, wanted=wanted)


class ConflictError(MlopsNbError, RuntimeError):
    """Two writers wanted the same thing, or the thing exists already."""

    code = "conflict"


class UnsupportedDataError(MlopsNbError, TypeError):
    """A value that cannot be kept so that it comes back equal."""

    code = "unsupported-data"


class MissingDependencyError(MlopsNbError, ImportError):
    """An optional package is needed; the hint names the extra that brings it."""

    code = "missing-dependency"

    @classmethod
    def for_extra(cls, package: str, extra: str, why: str) -> MissingDependencyError:
        """Name the package, what it is needed for, and the extra to install."""
        return cls(
            f"{why} needs {package}, which is not installed",
            hint=f"pip install 'mlops-nb[{extra}]'",
            package=package,
            extra=extra,
        )


class StoreError(MlopsNbError, OSError):
    """The store cannot be read or written."""

    code = "store"

    def __str__(self) -> str:
        """`OSError` would print its arguments as errno; we want our two lines."""
        return MlopsNbError.__str__(self)


class StoreBusyError(StoreError):
    """Too many writers won the race before us."""

    code = "store-busy"


class StoreTooNewError(StoreError):
    """The store was written by a newer version of mlops_nb than this one."""

    code = "store-too-new"


class StoreCorruptError(StoreError):
    """Bytes in the store are not what was written."""

    code = "store-corrupt"


class UntrustedModelError(MlopsNbError, PermissionError):
    """A model file holds types that nobody said may be loaded."""

    code = "untrusted-model"

    def __str__(self) -> str:
        """See `StoreError.__str__`."""
        return MlopsNbError.__str__(self)


class GateRefusedError(MlopsNbError, RuntimeError):
    """A policy gate said no."""

    code = "gate-refused"


class PipelineError(MlopsNbError, RuntimeError):
    """Root of what can go wrong in a headless run."""

    code = "pipeline"


class SpecError(PipelineError):
    """A pipeline or parameter specification does not make sense."""

    code = "spec"


class StageCycleError(PipelineError):
    """Stages depend on each other in a circle."""

    code = "stage-cycle"


class StageFailedError(PipelineError):
    """A stage ran and did not succeed."""

    code = "stage-failed"


class CaptureWarning(UserWarning):
    """Something about a run could not be recorded. The user's code was not touched."""
