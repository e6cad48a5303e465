"""Which notebook, as each front end says it; which host."""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path

import pytest

from mlops_nb.capture.where import describe_host, find_notebook


def test_inside_a_project_the_path_is_relative_to_it(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").touch()
    path = tmp_path / "notebooks" / "a b.ipynb"
    assert find_notebook({"JPY_SESSION_NAME": str(path)}, {}) == "notebooks/a b.ipynb"
    (tmp_path / "notebooks" / ".git").mkdir(parents=True)
    assert find_notebook({"JPY_SESSION_NAME": str(path)}, {}) == "a b.ipynb"


@pytest.mark.parametrize(
    ("environ", "namespace", "found"),
    [
        ({}, {}, ""),
        ({}, None, ""),
        ({"JPY_SESSION_NAME": "/nowhere/a.ipynb"}, {}, "/nowhere/a.ipynb"),
        ({"JPY_SESSION_NAME": "work/a.ipynb"}, {}, "work/a.ipynb"),
        ({"JPY_SESSION_NAME": "RTC:a.ipynb"}, {}, "a.ipynb"),
        ({"JPY_SESSION_NAME": "/nowhere/console-1-abc"}, {}, ""),
        ({"JPY_SESSION_NAME": "a\x1b[2J.ipynb"}, {}, ""),
        ({"JPY_SESSION_NAME": "a.ipynb"}, {"__vsc_ipynb_file__": "/nowhere/b.ipynb"}, "/nowhere/b.ipynb"),
        ({"JPY_SESSION_NAME": "a.ipynb"}, {"__vsc_ipynb_file__": 7}, "a.ipynb"),
        ({"JPY_SESSION_NAME": "a.ipynb", "PAPERMILL_INPUT_PATH": "s3://b/c.ipynb"}, {}, "s3://b/c.ipynb"),
        ({"COLAB_RELEASE_TAG": "release-colab"}, {}, "colab"),
    ],
)
def test_who_says_it(environ: dict[str, str], namespace: dict[str, object] | None, found: str) -> None:
    assert find_notebook(environ, namespace) == found


def test_a_namespace_that_raises() -> None:
    class Bomb(dict[str, object]):
        def get(self, *_: object) -> object:
            raise RuntimeError

    assert find_notebook({"JPY_SESSION_NAME": "a.ipynb"}, Bomb()) == "a.ipynb"


def test_the_host() -> None:
    host = describe_host()
    assert (host.name, host.pid, host.user) == (socket.gethostname(), os.getpid(), getpass.getuser())


def test_a_user_without_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    import pwd

    def nobody(uid: int) -> object:
        raise KeyError(uid)

    for variable in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(pwd, "getpwuid", nobody)
    assert describe_host().user == str(os.getuid())
