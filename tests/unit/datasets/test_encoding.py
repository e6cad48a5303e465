"""Behind the checksum: bytes that somebody forged are found out by their content, with no other exception."""

from __future__ import annotations

import pyarrow as pa
import pytest
from blake3 import blake3

from mlops_nb.datasets.encoding import DamagedPieceError, decode, digest_of, encode
from mlops_nb.datasets.planes import lay_bare


@pytest.mark.parametrize(
    "values",
    [
        pa.array(["ab", "c", None] * 5, pa.large_string()),
        pa.array(range(20)),
        pa.array([[1.5], None, []], pa.large_list(pa.float64())),
    ],
)
def test_forged_bytes_never_give_other_values(values):
    digest = digest_of(lay_bare(values), 0, len(values))
    body = encode(values)[16:]
    refused = 0
    for place in range(len(body)):
        forged = body[:place] + bytes([body[place] ^ 0x41]) + body[place + 1 :]
        try:
            back = decode(blake3(forged).digest(16) + forged, digest, values.type)
        except DamagedPieceError:
            refused += 1
        else:
            assert back.equals(values)
    assert refused > len(body) // 3


def test_the_type_is_part_of_the_name():
    same = [pa.array([0, 1], kind) for kind in (pa.int8(), pa.uint8())] + [pa.array([False, True])]
    texts = [pa.array(["a"], pa.large_string()), pa.array([b"a"], pa.large_binary())]
    lists = [pa.array([["a"]], pa.large_list(pa.large_string())), pa.array([{"0": "a"}])]
    names = {digest_of(lay_bare(array), 0, len(array)) for array in same + texts + lists[:1]}
    assert len(names) == 6
