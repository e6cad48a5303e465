"""Every test gets surroundings of its own, so that none reads or writes the files of whoever runs it."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from mlops_nb import config

_number = itertools.count(1)


@pytest.fixture(autouse=True)
def own_surroundings(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home, cache, configuration and working folder in pytest's temporary folder; returns the one that holds them.

    They lie outside `tmp_path`, which stays empty for the test. Child processes inherit them.
    """
    base = tmp_path_factory.getbasetemp() / "surroundings"
    place = base / str(next(_number))
    homes = {
        "HOME": place / "home",
        "XDG_CACHE_HOME": place / "cache",
        "XDG_CONFIG_HOME": place / "config",
        "XDG_DATA_HOME": place / "data",
        "MLOPS_NB_CACHE": place / "cache" / "mlops_nb",
        "IPYTHONDIR": place / "ipython",
        "JUPYTER_CONFIG_DIR": place / "jupyter" / "config",
        "JUPYTER_DATA_DIR": place / "jupyter" / "data",
        "JUPYTER_RUNTIME_DIR": place / "jupyter" / "runtime",
        # Shared: matplotlib fills it with a font list that takes seconds to make.
        "MPLCONFIGDIR": base / "matplotlib",
    }
    for name, folder in homes.items():
        monkeypatch.setenv(name, str(folder))
    for name, _ in config.iter_switches():
        if name not in homes:
            monkeypatch.delenv(name, raising=False)
    # With it, each Python that a test starts would compile every module anew.
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    for folder in (place / "home", place / "work", base / "matplotlib"):
        folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.chdir(place / "work")
    return place
