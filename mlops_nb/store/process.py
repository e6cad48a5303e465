"""What the system tells of a process: noted while it lives, asked when it is gone.

A process that is killed says nothing, but leaves traces: the machine has booted since, or the counter of its cgroup has
risen that counts who was killed for want of memory. Elsewhere than on Linux nothing is known, and no harm done.

Knows no journal and no run. Called by tracking when a run starts, and by this room when it closes an orphan.
"""

from __future__ import annotations

import os
import re
import socket
import time
from functools import lru_cache

from mlops_nb.records.journal import Host, ProcessTrace, RunError

_CGROUPS = "/sys/fs/cgroup/"
_COUNTER = re.compile(r"(?!.*\.\.)[^\0]*(?:memory\.events|memory\.oom_control)")
_OOM_KILLS = re.compile(rb"^oom_kill (\d+)$", re.MULTILINE)

_DYING_S = 0.05


def trace_process() -> ProcessTrace:
    """This process, as it can be told later. Costs the reading of one small file; the rest is read once a process."""
    boot_id, ticks, counter = _known(os.getpid())
    return ProcessTrace(boot_id, ticks, counter, _count_oom_kills(counter))


def is_elsewhere(host: Host) -> bool:
    """Whether a process ran under another kernel than ours, so that our file locks may not be its own."""
    trace = host.trace or ProcessTrace()
    return host.name != socket.gethostname() and (not trace.boot_id or trace.boot_id != _boot_id())


def find_cause(host: Host) -> RunError:
    """Why a process is gone that left a run open, as far as the system tells."""
    trace = host.trace or ProcessTrace()
    if host.name != socket.gethostname():
        return RunError("unknown", f"on host {host.name}")
    if trace.boot_id and trace.boot_id != (_boot_id() or trace.boot_id):
        return RunError("rebooted", f"{host.name} was restarted while the run was open")
    if trace.started_ticks and _is_alive(host.pid, trace.started_ticks):
        return RunError("let_go", "the process lives, but could not write the end of the run: was the disk full?")
    kills = _count_oom_kills(trace.oom_counter)
    if kills is not None and trace.oom_kills is not None and kills > trace.oom_kills:
        return RunError(
            "oom_killed",
            f"process {host.pid} is gone, and since the run began the system killed for want of memory in its group: "
            "give it more memory, or keep less in it",
        )
    return RunError("process_gone", f"process {host.pid} was killed, or ended without closing the run")


@lru_cache(maxsize=1)
def _known(pid: int) -> tuple[str, int, str]:
    """What stays the same while a process lives. By its id, for a forked child is another."""
    return _boot_id(), _started_ticks(pid), _find_counter()


@lru_cache(maxsize=1)
def _boot_id() -> str:
    return _read("/proc/sys/kernel/random/boot_id").decode("ascii", "replace").strip()


def _is_alive(pid: int, started_ticks: int) -> bool:
    """Whether the very process lives on."""
    if _started_ticks(pid) != started_ticks:
        return False
    # One that is killed loses its locks a moment before it is seen to be gone.
    time.sleep(_DYING_S)
    return _started_ticks(pid) == started_ticks


def _started_ticks(pid: int) -> int:
    """When a process started; 0 for none, and for one that is dead but not yet reaped."""
    # Fields 3 and 22 of proc_pid_stat(5); the second is a name in brackets that may hold anything.
    fields = _read(f"/proc/{pid:d}/stat").rpartition(b")")[2].split()
    if len(fields) <= 19 or fields[0] in {b"Z", b"X"} or not fields[19].isdigit():
        return 0
    return int(fields[19])


def _find_counter() -> str:
    """The counter of this process's memory cgroup, in the layout of cgroups v1 or v2. See cgroups(7)."""
    found = []
    for line in _read("/proc/self/cgroup").decode("utf-8", "replace").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if "memory" in controllers.split(","):
            # In a container the path may be the host's, and what we see of it the root.
            found += [f"memory{path}/memory.oom_control", "memory/memory.oom_control"]
        elif not controllers:
            found += [f"{path.strip('/')}/memory.events".strip("/"), "memory.events"]
    return next((counter for counter in found if _count_oom_kills(counter) is not None), "")


def _count_oom_kills(counter: str) -> int | None:
    # What a journal says is not trusted: no other file is opened than such a counter.
    if not _COUNTER.fullmatch(counter):
        return None
    kills = _OOM_KILLS.search(_read(_CGROUPS + counter))
    return int(kills[1]) if kills else None


def _read(path: str) -> bytes:
    """A file of the kernel's; empty where there is none."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return b""
    try:
        return os.read(fd, 1 << 16)
    except OSError:
        return b""
    finally:
        os.close(fd)
