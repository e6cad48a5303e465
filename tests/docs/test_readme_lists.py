"""Every magic, command, switch, extra and public function stands in README, and README's links lead somewhere."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import click
import pytest
from IPython.core.interactiveshell import InteractiveShell

import mlops_nb
from mlops_nb import config
from mlops_nb.cli import main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def magics() -> list[str]:
    """What `%load_ext mlops_nb` adds to a shell, as a user writes it."""
    shell = InteractiveShell()
    before = {kind: set(known) for kind, known in shell.magics_manager.magics.items()}
    shell.run_line_magic("load_ext", "mlops_nb")
    added = {kind: set(known) - before[kind] for kind, known in shell.magics_manager.magics.items()}
    shell.run_line_magic("unload_ext", "mlops_nb")
    return sorted(f"%{name}" for name in added["line"]) + sorted(f"%%{name}" for name in added["cell"])


def commands(command: click.Command, path: str = "mlops-nb") -> list[str]:
    """Every command that does something, groups walked."""
    if not isinstance(command, click.Group):
        return [path]
    return [
        leaf
        for name, child in command.commands.items()
        if not child.hidden
        for leaf in commands(child, f"{path} {name}")
    ]


def missing(names: list[str], text: str) -> list[str]:
    """Those that `text` does not name whole."""
    return [name for name in names if not re.search(rf"(?<![%\w-]){re.escape(name)}(?![\w-])", text)]


def test_every_magic_is_listed() -> None:
    found = magics()
    assert "%%track" in found
    assert missing(found, README) == []


def test_every_command_is_listed() -> None:
    found = commands(main)
    assert "mlops-nb runs list" in found
    assert missing(found, README) == []


def test_every_command_has_help_with_an_example() -> None:
    def walk(command: click.Command, path: str) -> None:
        # As the group makes it: click keeps the first help option that it is asked for.
        text = command.get_help(click.Context(command, info_name=path, **main.context_settings))
        assert command.help, path
        if isinstance(command, click.Group):
            for name, child in command.commands.items():
                walk(child, f"{path} {name}")
        else:
            assert f"{path}" in text.partition("\n")[2], f"{path} --help shows no example"

    walk(main, "mlops-nb")


def test_every_public_name_is_listed() -> None:
    names = [f"mb.{name}" for name in mlops_nb.__all__ if not name.startswith("_")]
    assert missing(names, README) == []


def test_every_switch_is_listed_with_its_own_words() -> None:
    for name, what in config.iter_switches():
        assert f"| `{name}` | {what} |" in README


def test_every_dependency_is_told_with_its_reason() -> None:
    needed = [
        *PROJECT["dependencies"],
        *(name for extra in PROJECT["optional-dependencies"].values() for name in extra),
    ]
    packages = [re.split(r"[<>=~!\[; ]", name)[0] for name in needed]
    assert missing([f"`{name}`" for name in packages], README) == []
    assert missing([f"mlops-nb[{extra}]" for extra in PROJECT["optional-dependencies"]], README) == []


@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    links = [link for link in re.findall(r"\]\(([^)#]+)\)", text) if "://" not in link]
    assert [link for link in links if not (ROOT / link).exists()] == []


def test_paths_in_contributing_exist() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    paths = re.findall(r"`((?:mlops_nb|labextension|tests)/[\w./]*)`", text)
    assert len(paths) > 10
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_what_is_missing_is_seen() -> None:
    text = "Use `%%track`, `mlops-nb runs list` and `mb.load_model`."
    assert missing(["%%track", "mlops-nb runs list"], text) == []
    assert missing(["%track", "mlops-nb runs", "load"], text) == ["%track", "load"]
