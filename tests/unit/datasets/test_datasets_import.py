"""The room's front door is cheap, and pandas is never imported for a user who has not."""

from __future__ import annotations

import subprocess
import sys


def run(program: str) -> str:
    return subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.strip()


def test_importing_the_room_loads_nothing_heavy():
    loaded = run(
        "import sys; from mlops_nb.datasets import take, restore, export, PieceStore, Taken; print(*sys.modules)"
    )
    assert not {"pandas", "pyarrow", "numpy", "polars", "blake3"} & set(loaded.split())


def test_taking_a_table_does_not_import_pandas_and_its_digest_is_the_same_everywhere():
    # Built from bytes: `pa.array` of a list imports pandas by itself, to look whether it is a Series.
    program = """
import sys, pyarrow as pa
from mlops_nb.datasets import take
class Pieces:
    def find(self, digests): return {}
    def put_pack(self, pieces): return [None] * len(pieces)
numbers = pa.Array.from_buffers(pa.int16(), 2, [pa.py_buffer(bytes([1])), pa.py_buffer(bytes([5, 0, 6, 0]))])
ends = pa.py_buffer(bytes([0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]))
texts = pa.Array.from_buffers(pa.string(), 2, [None, ends, pa.py_buffer(b"xy")])
print(take(pa.Table.from_arrays([numbers, texts], ["a", "s"]), Pieces()).manifest.digest, "pandas" in sys.modules)
"""
    assert run(program) == "9c1a9001fb7a507e6e0bd83036585a4c84c5c7241f8cef72af9abca3815b59c9 False"
