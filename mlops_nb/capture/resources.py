"""What a piece of code costs its process: CPU seconds and peak resident memory.

Linux can reset its high-water mark (`VmHWM`, by writing 5 to `/proc/self/clear_refs`, see proc(5)), so the peak is the
run's own. Where that is not allowed, the peak is `ru_maxrss`: the highest of the process's whole life so far.
Child processes are not counted. Called around a run; does not know what a run is.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")
_KIB = 1024

_lock = threading.Lock()
_running = 0
_is_reset = False


class Meter:
    """Measures between `start` and `stop`.

    Meters may overlap. Only the outermost resets the high-water mark, for resetting it later would hide what the outer
    one has seen; so an inner meter's peak is the highest since the outermost started: never too low, maybe too high.
    """

    def __init__(self) -> None:
        self._cpu_began: float | None = None
        self._measured: tuple[float, int | None] = (0.0, None)

    def start(self) -> None:
        """Begin. A running meter goes on."""
        global _running, _is_reset
        if self._cpu_began is not None:
            return
        with _lock:
            if _running == 0:
                _is_reset = _reset_high_water()
            _running += 1
        self._cpu_began = time.process_time()

    def stop(self) -> tuple[float, int | None]:
        """End; return CPU seconds (user + system, all threads) and peak memory in bytes (None where unknown).

        Stopped again, it returns the same; never started, `(0.0, None)`.
        """
        global _running
        if self._cpu_began is None:
            return self._measured
        cpu_s = time.process_time() - self._cpu_began
        self._cpu_began = None
        with _lock:
            _running -= 1
            is_reset = _is_reset
        peak = _read_high_water() if is_reset else None
        self._measured = (cpu_s, _read_life_peak() if peak is None else peak)
        return self._measured


def _reset_high_water() -> bool:
    try:
        with _CLEAR_REFS.open("wb", buffering=0) as file:
            file.write(b"5")
    except OSError:
        return False
    return True


def _read_high_water() -> int | None:
    try:
        with _STATUS.open("rb") as file:
            for line in file:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1]) * _KIB
    except (OSError, ValueError, IndexError):
        return None
    return None


def _read_life_peak() -> int | None:
    try:
        import resource
    except ImportError:  # not a POSIX system
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * _KIB  # macOS counts bytes, the others KiB
