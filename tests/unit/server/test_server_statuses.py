"""Every error of the family has its HTTP status in the one table."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from mlops_nb.errors import MlopsNbError, NotFoundError
from mlops_nb.server import statuses


def family(kind: type[MlopsNbError] = MlopsNbError) -> Iterator[type[MlopsNbError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from family(child)


@pytest.mark.parametrize("code", sorted({kind.code for kind in family() if kind.__module__ == "mlops_nb.errors"}))
def test_every_code_has_a_status(code: str) -> None:
    assert 400 <= statuses._STATUS[code] < 600


def test_not_found_is_404() -> None:
    assert statuses.http_status(NotFoundError("no run")) == 404
