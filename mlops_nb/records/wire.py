"""Values to bytes and back. The only module that holds encoders."""

from __future__ import annotations

from typing import Any

import msgspec

from mlops_nb.records.data import Manifest
from mlops_nb.records.journal import Line
from mlops_nb.records.ledger import Entry

_encoder = msgspec.json.Encoder()
_line_decoder: msgspec.json.Decoder[Line] = msgspec.json.Decoder(Line)
_entry_decoder = msgspec.json.Decoder(Entry)
_manifest_decoder = msgspec.json.Decoder(Manifest)


def encode(value: Any) -> bytes:
    """Any value of this package (or plain JSON) to its JSON bytes, one line, no newline.

    Lone surrogates, which UTF-8 cannot hold, become visible escapes.
    """
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError:
        return _encoder.encode(_escaped(value))


class UnknownLineError(Exception):
    """A well-formed journal line of a type that this version does not know. Never leaves the store."""


def encode_line(line: Line) -> bytes:
    """A journal line with its newline."""
    return encode(line) + b"\n"


def decode_line(data: bytes) -> Line:
    """Read one journal line.

    Raises:
        UnknownLineError: Well-formed, but written by a newer version.
        msgspec.DecodeError: Damaged.
    """
    try:
        return _line_decoder.decode(data)
    except msgspec.ValidationError as fault:
        found = msgspec.json.decode(data)
        if isinstance(found, dict) and isinstance(found.get("type"), str) and "Invalid value" in str(fault):
            raise UnknownLineError(found["type"]) from fault
        raise


def decode_all_lines(data: bytes) -> list[Line]:
    """Read whole journal lines in one go, several times faster than one by one.

    Raises:
        msgspec.DecodeError: One of them is damaged or of a type that this version does not know.
    """
    return _line_decoder.decode_lines(data)


def decode_entry(data: bytes) -> Entry:
    """Read a ledger entry. Raises `msgspec.DecodeError` when damaged."""
    return _entry_decoder.decode(data)


def decode_manifest(data: bytes) -> Manifest:
    """Read a snapshot's manifest. Raises `msgspec.DecodeError` when damaged."""
    return _manifest_decoder.decode(data)


def to_plain(value: Any) -> Any:
    """A value as dicts and lists, for `--json` and the server."""
    return msgspec.to_builtins(value)


def _escaped(value: Any) -> Any:
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode("utf-8")
        case list() | tuple():
            return type(value)(_escaped(item) for item in value)
        case dict():
            return {_escaped(key): _escaped(item) for key, item in value.items()}
        case msgspec.Struct():
            fields = {name: _escaped(getattr(value, name)) for name in value.__struct_fields__}
            return msgspec.structs.replace(value, **fields)
    return value
