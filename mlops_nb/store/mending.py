"""Bytes that were damaged, made good: pure functions, no files.

A digest that another file holds proves what a damaged one was: if one bit has flipped, trying each finds it. What no
digest proves is salvaged: the readable lines of a journal, and from the index what the others said.

Called by `lineage.repair`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import blake3
import msgspec

from mlops_nb.errors import UsageError
from mlops_nb.records.fold import fold_run
from mlops_nb.records.journal import (
    ArtifactLogged,
    CodeState,
    EnvironmentCaptured,
    Host,
    Line,
    MetricLogged,
    ParamLogged,
    RunError,
    RunFinished,
    RunStarted,
    TagSet,
)
from mlops_nb.records.runs import Run
from mlops_nb.records.wire import UnknownLineError, decode_line, encode_line

LONGEST_TRIAL = 16_384
"""Trying every bit costs the square of the size: this many bytes are a few seconds."""


def restore_bit(data: bytes, digest: str) -> bytes | None:
    """The bytes with this digest that differ from `data` in one bit, if there are any and trying is affordable."""
    if len(data) > LONGEST_TRIAL:
        return None
    trial, before = bytearray(data), blake3.blake3()
    for at, byte in enumerate(data):
        for bit in range(8):
            trial[at] = byte ^ 1 << bit
            hasher = before.copy()
            hasher.update(memoryview(trial)[at:])
            if hasher.hexdigest() == digest:
                return bytes(trial)
        trial[at] = byte
        before.update(data[at : at + 1])
    return None


def split_lines(data: bytes) -> tuple[list[bytes], int]:
    """The lines of a journal that can be read (a newer version's included), and how many cannot."""
    good: list[bytes] = []
    bad = 0
    for raw in data.split(b"\n"):
        if not raw:
            continue
        try:
            decode_line(raw)
        except UnknownLineError:
            good.append(raw)
        except (msgspec.DecodeError, UnicodeDecodeError):
            bad += 1
        else:
            good.append(raw)
    return good, bad


def salvage_journal(
    data: bytes, begin: RunStarted, end: RunFinished, known: Run | None, has: Callable[[str], bool]
) -> bytes:
    """A whole journal out of the readable lines of a damaged one.

    Args:
        data: The damaged bytes.
        begin: Stands in where the first line is lost.
        end: Stands in where the last line is lost. Nothing may follow it.
        known: The run as the index has it. What its readable lines do not say any more is added from there.
        has: Whether there is an object of a digest. An artifact of which there is none was garbled, and is left out.
    """
    raws, _ = split_lines(data)
    lines = [_decoded(raw) for raw in raws]
    first = next((raw for raw, line in zip(raws, lines, strict=True) if isinstance(line, RunStarted)), None)
    last = next((raw for raw, line in zip(raws, lines, strict=True) if isinstance(line, RunFinished)), None)
    middle = [
        raw
        for raw, line in zip(raws, lines, strict=True)
        if not isinstance(line, RunStarted | RunFinished)
        and not (isinstance(line, ArtifactLogged) and not _is_there(line.digest, has))
    ]
    start = encode_line(begin) if first is None else first + b"\n"
    body = start + b"".join(raw + b"\n" for raw in middle)
    found = fold_run(line for line in (_decoded(raw) for raw in body.split(b"\n") if raw) if line is not None)
    added = b"" if known is None or found is None else b"".join(map(encode_line, _missing(found, known)))
    return body + added + (encode_line(end) if last is None else last + b"\n")


def _is_there(digest: str, has: Callable[[str], bool]) -> bool:
    try:
        return has(digest)
    except UsageError:  # no digest any more
        return False


def beginning_of(run: Run) -> RunStarted:
    """The first line of a run, as far as the index knows it."""
    return RunStarted(
        at=run.started_at,
        run_id=run.id,
        experiment=run.experiment,
        kind=run.kind,
        name=run.name,
        host=Host(name="", pid=0, user=run.user),
        parent_run_id=run.parent_run_id,
        notebook=run.notebook,
        cell_id=run.cell_id,
    )


def error_in(run: Run) -> RunError | None:
    """The error of a run, as far as the index knows it."""
    kind, _, message = run.error.partition(": ")
    return RunError(kind=kind, message=message) if kind else None


def _missing(found: Run, known: Run) -> Iterator[Line]:
    """Lines that make `found` say what `known` says: params, tags, links, code state, the last point of each metric."""
    at = known.started_at
    for key, value in known.params.items():
        if key not in found.params or found.params[key] != value:
            yield ParamLogged(at, key, value, "captured" if key in known.captured_params else "explicit")
    for key, tag in known.tags.items():
        if found.tags.get(key) != tag:
            yield TagSet(at, key, tag)
    yield from (link for link in known.datasets if link not in found.datasets)
    yield from (link for link in known.models if link not in found.models)
    for key, curve in known.metrics.items():
        have = found.metrics.get(key)
        if have is None or (have.last_step, str(have.last)) != (curve.last_step, str(curve.last)):
            yield MetricLogged(known.ended_at or at, key, curve.last, curve.last_step)
    if known.commit and found.commit != known.commit:
        code = CodeState(commit=known.commit, dirty=known.dirty)
        yield EnvironmentCaptured(at, python="", platform="", packages={}, code=code)


def _decoded(raw: bytes) -> Line | None:
    try:
        return decode_line(raw)
    except UnknownLineError:
        return None
