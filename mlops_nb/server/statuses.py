"""Error codes to HTTP statuses: the one table. Knows nothing but the codes; used by `handlers`."""

from __future__ import annotations

from mlops_nb.errors import MlopsNbError

_STATUS = {
    "usage": 400,
    "query": 400,
    "spec": 400,
    "stage-cycle": 400,
    "untrusted-model": 403,
    "gate-refused": 403,
    "not-found": 404,
    "conflict": 409,
    "unsupported-data": 422,
    "error": 500,
    "store": 500,
    "store-corrupt": 500,
    "pipeline": 500,
    "stage-failed": 500,
    "missing-dependency": 501,
    "store-too-new": 501,
    "store-busy": 503,
}


def http_status(fault: MlopsNbError) -> int:
    """The status for an error; a code that is not in the table is our own defect, hence 500."""
    return _STATUS.get(fault.code, 500)
