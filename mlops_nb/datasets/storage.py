"""The few Arrow types that segments are made of, and the way there and back.

Any Arrow type is brought to one of: bool, the integers, float32 and float64, fixed-size binary, large string, large
binary, large list, struct. A timestamp becomes its integer, a `string_view` a large string, a map a list of key-value
structs. What only differs in layout thus becomes the same, and the exact type is kept once, in the manifest's schema.

Knows no segment and no frame. Called by this room only.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as pat

Array = Any
"""A `pyarrow.Array` (the package ships no types)."""


class UnstorableTypeError(Exception):
    """An Arrow type that has no storage type. Never leaves the room."""


def storage_type(logical: Any) -> Any:
    """The storage type of an Arrow type.

    Raises:
        UnstorableTypeError: There is none; the message names the culprit.
    """
    if isinstance(logical, pa.BaseExtensionType):
        return storage_type(logical.storage_type)
    if pat.is_null(logical):
        return pa.int8()
    if pat.is_string(logical) or pat.is_large_string(logical) or pat.is_string_view(logical):
        return pa.large_string()
    if pat.is_binary(logical) or pat.is_large_binary(logical) or pat.is_binary_view(logical):
        return pa.large_binary()
    if pat.is_struct(logical) and logical.num_fields:
        fields = [logical.field(position) for position in range(logical.num_fields)]
        # Names are the schema's business, and may repeat there.
        return pa.struct([(str(position), storage_type(field.type)) for position, field in enumerate(fields)])
    if pat.is_map(logical):
        return pa.large_list(storage_type(_map_entries(logical)))
    if _is_list(logical):
        return pa.large_list(storage_type(logical.value_type))
    return _fixed_storage_type(logical)


def _fixed_storage_type(logical: Any) -> Any:
    if pat.is_boolean(logical) or pat.is_integer(logical) or logical in {pa.float32(), pa.float64()}:
        return logical
    if pat.is_float16(logical):
        return pa.uint16()
    if pat.is_fixed_size_binary(logical) and logical.byte_width:
        return logical
    if pat.is_temporal(logical) or pat.is_decimal(logical):
        width = logical.bit_width
        return {32: pa.int32(), 64: pa.int64()}.get(width) or pa.binary(width // 8)
    raise UnstorableTypeError(f"Arrow type {logical}")


def to_storage(array: Array) -> Array:
    """Bring an array (not a dictionary) to its storage type, without copying values where the layout allows."""
    logical = array.type
    if isinstance(logical, pa.BaseExtensionType):
        return to_storage(array.storage)
    if pat.is_null(logical):
        return pa.nulls(len(array), pa.int8())
    if pat.is_map(logical):
        return to_storage(array.view(pa.list_(_map_entries(logical))))
    target = storage_type(logical)
    if pat.is_struct(logical):
        children = [to_storage(child) for child in array.flatten()]
        return pa.StructArray.from_arrays(children, fields=list(target), mask=_null_mask(array))
    if _is_list(logical):
        return _lists(array, to_storage(array.flatten()))
    if target == logical:
        return array
    if pat.is_large_string(target) or pat.is_large_binary(target):
        return array.cast(target)
    return array.view(target)


def from_storage(array: Array, logical: Any) -> Array:
    """Undo `to_storage`: give an array of storage type its logical type back."""
    if isinstance(logical, pa.BaseExtensionType):
        return pa.ExtensionArray.from_storage(logical, from_storage(array, logical.storage_type))
    if pat.is_null(logical):
        return pa.nulls(len(array))
    if pat.is_map(logical):
        entries = _map_entries(logical)
        lists = from_storage(array, pa.list_(entries))
        return lists.view(logical)
    if pat.is_struct(logical):
        fields = [logical.field(position) for position in range(logical.num_fields)]
        children = [from_storage(child, field.type) for child, field in zip(array.flatten(), fields, strict=True)]
        return pa.StructArray.from_arrays(children, fields=fields, mask=_null_mask(array))
    if _is_list(logical):
        child = from_storage(array.flatten(), logical.value_type)
        return _lists(array, child).cast(logical)
    if array.type == logical:
        return array
    if pat.is_large_string(array.type) or pat.is_large_binary(array.type):
        return array.cast(logical)
    return array.view(logical)


def whole(chunks: Any, logical: Any) -> Array:
    """A chunked array (not of dictionaries) as one array of storage type."""
    arrays = [to_storage(chunk) for chunk in chunks.chunks]
    if len(arrays) == 1:
        return arrays[0]
    return pa.concat_arrays(arrays) if arrays else pa.array([], storage_type(logical))


def as_numpy(array: Array) -> npt.NDArray[Any]:
    """An array of numbers or truths without nulls. pyarrow's own `to_numpy` would import pandas."""
    buffer = array.buffers()[1]
    if buffer is None or not len(array):
        return np.empty(0, array.type.to_pandas_dtype())
    if pat.is_boolean(array.type):
        bits = np.unpackbits(np.frombuffer(buffer, np.uint8), count=array.offset + len(array), bitorder="little")
        return bits[array.offset :].view(np.bool_)
    return np.frombuffer(buffer, array.type.to_pandas_dtype())[array.offset : array.offset + len(array)]


def _is_list(logical: Any) -> bool:
    # No list views: pyarrow 26 neither casts them rightly nor casts back.
    return bool(pat.is_list(logical) or pat.is_large_list(logical) or pat.is_fixed_size_list(logical))


def _map_entries(logical: Any) -> Any:
    return pa.struct([logical.key_field, logical.item_field])


def _lists(like: Array, child: Array) -> Array:
    """A large list array with the lengths and nulls of `like` (any lists) over a flattened child."""
    lengths = as_numpy(pc.list_value_length(like).fill_null(0))
    offsets = np.concatenate([np.zeros(1, np.int64), np.cumsum(lengths, dtype=np.int64)])
    return pa.LargeListArray.from_arrays(pa.array(offsets), child, mask=_null_mask(like))


def _null_mask(array: Array) -> Array | None:
    return array.is_null() if array.null_count else None
