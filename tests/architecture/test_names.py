"""Names that say nothing are refused, and every test file can be told by its name alone."""

from __future__ import annotations

from collections import Counter
from pathlib import Path, PurePath

import pytest

ROOT = Path(__file__).parents[2]
SAYS_NOTHING = {"utils", "util", "helpers", "helper", "common", "manager", "managers", "misc"}


def says_nothing(path: PurePath) -> bool:
    """True where a folder or a file has a name under which anything could lie."""
    words = {part.lower().partition(".")[0].strip("_") for part in path.parts}
    return bool(words & SAYS_NOTHING)


def twins(paths: list[Path]) -> list[str]:
    """File names that occur more than once."""
    return [name for name, count in Counter(path.name for path in paths).items() if count > 1]


def sources() -> list[PurePath]:
    kept = [*(ROOT / "mlops_nb").rglob("*.py"), *(ROOT / "labextension" / "src").rglob("*.ts*")]
    return [path.relative_to(ROOT) for path in kept]


def test_every_module_name_says_something() -> None:
    assert [str(path) for path in sources() if says_nothing(path)] == []


def test_test_files_have_names_of_their_own() -> None:
    assert twins([*(ROOT / "tests").rglob("test_*.py")]) == []


@pytest.mark.parametrize("name", ["mlops_nb/store/utils.py", "mlops_nb/_helpers.py", "src/common/index.ts"])
def test_a_name_that_says_nothing_is_seen(name: str) -> None:
    assert says_nothing(PurePath(name))
    assert not says_nothing(PurePath("mlops_nb/store/journal.py"))


def test_twins_are_seen() -> None:
    assert twins([Path("unit/test_a.py"), Path("property/test_a.py"), Path("unit/test_b.py")]) == ["test_a.py"]
