"""The lines of a run's journal.

A journal is a file of JSON objects, one a line, in the order in which things happened; `type` tells them
apart, `at` is Unix time in seconds, UTC. Unknown types are skipped by readers, unknown fields ignored, so
that an older reader can still read what it understands of a newer journal.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from mlops_nb.records.values import NonFinite, Plain

JOURNAL_FORMAT = 1

Kind = Literal["cell", "script", "notebook"]
"""What a run is: a tracked cell, a `with track()` block, or a whole notebook run headless."""

Outcome = Literal["completed", "failed", "interrupted", "crashed"]
Role = Literal["used", "generated"]


class _Line(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type"):
    at: float


class CodeState(msgspec.Struct, frozen=True, omit_defaults=True):
    """The git checkout around the code. `dirty` is None where it was not known in time."""

    commit: str
    branch: str = ""
    dirty: bool | None = None
    remote: str = ""


class ProcessTrace(msgspec.Struct, frozen=True, omit_defaults=True):
    """What tells a reader later how the process ended. What the system does not say is empty.

    `boot_id` names one boot of the machine, `started_ticks` is the process's start in clock ticks since then;
    `oom_counter` is a file below /sys/fs/cgroup that counts the processes killed for want of memory, `oom_kills` what
    it said when the run started.
    """

    boot_id: str = ""
    started_ticks: int = 0
    oom_counter: str = ""
    oom_kills: int | None = None


class Host(msgspec.Struct, frozen=True, omit_defaults=True):
    """The process that writes the journal."""

    name: str
    pid: int
    user: str = ""
    trace: ProcessTrace | None = None


class RunStarted(_Line, frozen=True, omit_defaults=True, tag="run_started", kw_only=True):
    """First line of every journal."""

    run_id: str
    experiment: str
    kind: Kind
    name: str = ""
    host: Host
    format: int = JOURNAL_FORMAT
    parent_run_id: str = ""
    notebook: str = ""
    cell_id: str = ""
    source: str = ""


class ParamLogged(_Line, frozen=True, omit_defaults=True, tag="param"):
    """A param. The last one of a key wins, but `explicit` is never replaced by a captured one."""

    key: str
    value: Plain = None
    origin: Literal["explicit", "captured"] = "explicit"


class MetricLogged(_Line, frozen=True, omit_defaults=True, gc=False, tag="metric"):
    """One point of a metric's curve. There may be millions, so the garbage collector is kept away from them."""

    key: str
    value: float | NonFinite
    step: int
    origin: Literal["explicit", "captured"] = "explicit"


class TagSet(_Line, frozen=True, omit_defaults=True, tag="tag"):
    """A tag; a bare one has an empty value."""

    key: str
    value: str = ""


class ArtifactLogged(_Line, frozen=True, omit_defaults=True, tag="artifact", kw_only=True):
    """A file of the run. Its bytes are the object `digest`."""

    name: str
    digest: str
    size_bytes: int
    media_type: str = "application/octet-stream"
    role: Literal["file", "figure"] = "file"


class DatasetLinked(_Line, frozen=True, omit_defaults=True, tag="dataset", kw_only=True):
    """The run used, or generated, a state of a dataset (an edge of the lineage graph)."""

    role: Role
    digest: str
    name: str = ""
    version: int = 0
    rows: int | None = None


class ModelLinked(_Line, frozen=True, omit_defaults=True, tag="model", kw_only=True):
    """The run used, or generated, a registered model version."""

    role: Role
    name: str
    version: int
    digest: str


class EnvironmentCaptured(_Line, frozen=True, omit_defaults=True, tag="environment", kw_only=True):
    """Where the code ran. `packages` maps distributions imported at the end of the run to their versions."""

    python: str
    platform: str
    packages: dict[str, str]
    code: CodeState | None = None
    cpu_count: int = 0


class OutputCaptured(_Line, frozen=True, omit_defaults=True, tag="output", kw_only=True):
    """The tail of what the run printed. `dropped` counts the characters before it."""

    text: str
    dropped: int = 0


class ResourcesMeasured(_Line, frozen=True, omit_defaults=True, tag="resources", kw_only=True):
    """What the run cost its process: CPU seconds (user + system), and peak resident memory while it ran."""

    cpu_s: float
    peak_memory_bytes: int | None = None


class CaptureFaulted(_Line, frozen=True, omit_defaults=True, tag="capture_fault", kw_only=True):
    """Something could not be recorded. The user's code went on."""

    where: str
    message: str


class RunError(msgspec.Struct, frozen=True, omit_defaults=True):
    """The exception that ended the run, as text; where the process ended with it, the cause as far as it is known."""

    kind: str
    message: str = ""
    traceback: str = ""


class RunFinished(_Line, frozen=True, omit_defaults=True, tag="run_finished", kw_only=True):
    """Last line of a closed journal. `closed_by` is set when a reader closed an orphan."""

    outcome: Outcome
    duration_s: float
    error: RunError | None = None
    closed_by: str = ""


Line = (
    RunStarted
    | ParamLogged
    | MetricLogged
    | TagSet
    | ArtifactLogged
    | DatasetLinked
    | ModelLinked
    | EnvironmentCaptured
    | OutputCaptured
    | ResourcesMeasured
    | CaptureFaulted
    | RunFinished
)
