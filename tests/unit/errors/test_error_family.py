"""The error family: what every member promises."""

from __future__ import annotations

import pickle

import pytest

from mlops_nb import errors
from mlops_nb.errors import CaptureWarning, MissingDependencyError, MlopsNbError, NotFoundError


def family(kind: type[MlopsNbError]) -> list[type[MlopsNbError]]:
    return [kind, *(one for child in kind.__subclasses__() for one in family(child))]


KINDS = family(MlopsNbError)


@pytest.mark.parametrize("kind", KINDS)
def test_a_member_reads_pickles_and_goes_on_the_wire(kind):
    fault = kind("it broke", hint="mend it", path="/x", errno=28)
    for one in (fault, pickle.loads(pickle.dumps(fault))):
        assert type(one) is kind
        assert str(one) == "it broke\n  hint: mend it"
        assert one.to_dict() == {
            "code": kind.code, "message": "it broke", "hint": "mend it", "path": "/x", "errno": 28
        }  # fmt: skip
    assert str(kind("only this")) == "only this"


def test_codes_are_unique_and_kebab():
    codes = [kind.code for kind in KINDS]
    assert len(set(codes)) == len(codes)
    assert all(code == code.lower() and "_" not in code and " " not in code for code in codes)


@pytest.mark.parametrize(
    ("name", "built_in"),
    [
        ("UsageError", ValueError),
        ("NotFoundError", LookupError),
        ("ConflictError", RuntimeError),
        ("UnsupportedDataError", TypeError),
        ("MissingDependencyError", ImportError),
        ("StoreError", OSError),
        ("StoreCorruptError", OSError),
        ("UntrustedModelError", PermissionError),
        ("PipelineError", RuntimeError),
    ],
)
def test_members_are_what_a_programmer_expects(name, built_in):
    with pytest.raises(built_in):
        raise getattr(errors, name)("x", hint="y")


def test_near_matches_come_first():
    known = ["flights", "fights", "weather", "a", "b", "c", "d"]
    assert NotFoundError.among("dataset", "fligths", known).hint == "did you mean flights or fights?"
    assert NotFoundError.among("dataset", "zzz", known).hint == "there is a, b, c, d, fights and 2 more"
    assert NotFoundError.among("dataset", "zzz", known[:2]).hint == "there is fights, flights"
    assert NotFoundError.among("dataset", "zzz", [], hint="take one").hint == "take one"
    assert "'\\x1b[31m'" in str(NotFoundError.among("dataset", "\x1b[31m", known))


def test_a_missing_package_names_its_extra():
    fault = MissingDependencyError.for_extra("skops", "sklearn", "storing a model")
    assert fault.hint == "pip install 'mlops-nb[sklearn]'"
    assert "skops" in fault.message


def test_the_warning_is_a_users_warning():
    assert issubclass(CaptureWarning, UserWarning)
