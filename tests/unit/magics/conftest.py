from __future__ import annotations

import sys

import pytest
from IPython.core.interactiveshell import InteractiveShell


@pytest.fixture(scope="session")
def _one_shell():
    # IPython keeps one shell a process; each test gets it with an empty namespace.
    main = sys.modules["__main__"]
    shell = InteractiveShell.instance()
    sys.modules["__main__"] = main
    shell.colors = "nocolor"
    yield shell
    InteractiveShell.clear_instance()


@pytest.fixture
def shell(_one_shell, tmp_path, monkeypatch):
    monkeypatch.setenv("MLOPS_NB_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("MLOPS_NB_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("mlops_nb.tracking.current._experiment", "")
    # IPython puts its own module in the place of `__main__`; other tests spawn processes, which look there.
    monkeypatch.setitem(sys.modules, "__main__", _one_shell.user_module)
    _one_shell.reset(new_session=False)
    _one_shell.run_line_magic("load_ext", "mlops_nb")
    yield _one_shell
    _one_shell.run_line_magic("unload_ext", "mlops_nb")
