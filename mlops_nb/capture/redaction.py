"""What looks like a secret, and text without it.

Names tell (`api_key`, `DB_PASSWORD`), and so do values (`AKIA...`, a private key, a URL with a password in it).
The rules lean towards withholding: a param too few is cheap, a stored password is not.

Does not know where text comes from or goes to. Called by `harvest` and by whoever stores source or output.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from mlops_nb.capture.code import parse_quietly

MASK = "***"

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ALWAYS = frozenset(["key", "apikey", "token", "pwd", "passphrase", "credential", "credentials", "cred", "creds"])
_IF_TEXT = frozenset(["keys", "apikeys", "tokens", "auth", "pass", "bearer", "pat", "dsn"])
_INSIDE = re.compile(
    r"passw(?:or)?d|passwrd|secret|credential|api[_-]?key|access[_-]?key|private[_-]?key|token$", re.IGNORECASE
)
_HINT = re.compile(r"key|token|passw|pwd|phrase|secret|cred|auth|pass|bearer|pat|dsn", re.IGNORECASE)

_VALUE = re.compile(
    r"""
    -----BEGIN\ [A-Z0-9 ]*PRIVATE\ KEY[A-Z ]*-----(?:(?s:.*?)-----END\ [A-Z0-9 ]*-----|(?s:.*))
    | \b(?:AKIA|ASIA)[0-9A-Z]{12,}
    | \bgh[pousr]_[A-Za-z0-9]{10,} | \bgithub_pat_\w{10,} | \bglpat-[\w-]{10,}
    | \b[sr]k-[A-Za-z0-9_-]{16,} | \b[sr]k_(?:live|test)_\w{10,} | \bhf_[A-Za-z0-9]{16,}
    | \bxox[a-z]-[\w-]{10,} | \bAIza[\w-]{30,} | \bnpm_[A-Za-z0-9]{30,} | \bpypi-[\w-]{16,} | \bSG\.[\w-]{16,}
    | \beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*
    | (?<=AccountKey=)[\w+/=]{16,}
    | (?<=[Bb]earer\ )[\w.+/=~-]{12,}
    | (?<=://)[^\s/:@'"]*+:[^\s/@'"]++(?=@)
    """,
    re.VERBOSE,
)
_BEGINS_PEM = "-----BEGIN"

_Span = tuple[tuple[int, int], tuple[int, int]]
"""Line (from 1) and column (in bytes) of a literal's begin and end."""

# Possessive and bounded repeats throughout: hostile text must not make these slow.
# A name, then = or : (a quote or bracket may close the name, an annotation may follow it), then a quoted text.
_QUOTED = re.compile(
    r"""(?<![\w-])(?P<name>[A-Za-z_][\w-]*+)
        (?P<join>["']?\]?[ \t]{0,20}(?::[ \t]{0,20}[\w.\[\]|][\w.\[\]|\ ]{0,60}?)?(?:={1,2}|:)\s{0,20})[rRbBuUfF]{0,2}
        (?:\"\"\"(?s:.{1,4000}?)\"\"\"|\'\'\'(?s:.{1,4000}?)\'\'\'|"(?:\\.|[^"\\\n])++"|'(?:\\.|[^'\\\n])++')""",
    re.VERBOSE,
)
# The same unquoted, as programs print it and shells are told it: `name=value`, `name: value`, `--name value`.
_BARE = re.compile(
    r"""(?<![\w-])(?P<name>--?[A-Za-z][\w-]*+(?=[=:]|[ \t](?![ \t]*[\w-]+=))|[A-Za-z_][\w-]*+(?=[ \t]{0,20}[=:]))
        (?P<join>[ \t]{0,20}[=:]?[ \t]{0,20})(?!\*\*\*)[^\s'"(\[{,;=:][^\s'"(\[{,;]{3,}+""",
    re.VERBOSE,
)


def is_secret_name(name: str) -> bool:
    """True when values of this name are withheld whatever they are: `api_key`, `hfToken`, `DB_PASSWORD`."""
    return _INSIDE.search(name) is not None or any(word in _ALWAYS for word in _words(name))


def is_secret(name: str, value: object) -> bool:
    """True when the name says so, or the value (texts inside lists and dicts included) looks like a secret."""
    if is_secret_name(name):
        return True
    if isinstance(value, str):
        return bool(value) and (_says_secret_text(name) or is_secret_text(value))
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(is_secret(name, item) for item in value)
    if isinstance(value, dict):
        return any(is_secret(key if isinstance(key, str) else "", item) for key, item in value.items())
    return False


def is_secret_text(text: str) -> bool:
    """True for a text that holds a well-known kind of token, a private key, or a URL with a password."""
    return _BEGINS_PEM in text or _VALUE.search(text) is not None


def redact(text: str) -> str:
    """Source code with every likely secret replaced by `***`.

    The texts given to secret names become `'***'`: assignments, keyword arguments, dict entries, defaults, items
    (`os.environ["API_KEY"] = ...`), unpacked tuples. In magic and shell lines, and in text that is no Python, also
    what `redact_output` finds. Known kinds of tokens go everywhere.

    Args:
        text: A cell's source, magics included. Never raises for odd text.
    """
    if _HINT.search(text) is not None:
        masked = _mask_python(text)
        if masked is None:
            return redact_output(text)
        lines = _QUOTED.sub(_mask_quoted, masked).split("\n")  # what stands in comments and texts
        # In Python an unquoted value is an expression, and has to stay.
        text = "\n".join(_BARE.sub(_mask_bare, line) if _is_magic(line) else line for line in lines)
    return _VALUE.sub(MASK, text)


def redact_output(text: str) -> str:
    """What a program printed, with every likely secret replaced by `***`: `password: hunter2`, `--api-key=...`.

    Cheaper than `redact` and stricter: nothing in printed text has to stay runnable.
    """
    if _HINT.search(text) is not None:
        text = _BARE.sub(_mask_bare, _QUOTED.sub(_mask_quoted, text))
    return _VALUE.sub(MASK, text)


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]


def _says_secret_text(name: str) -> bool:
    return is_secret_name(name) or any(word in _IF_TEXT for word in _words(name))


def _mask_quoted(found: re.Match[str]) -> str:
    name, join = found["name"], found["join"]
    # A bare `key:` names dict entries and sort orders far more often than secrets; `key = ` in a line is one.
    # `ValueError: password='...'` reads like an annotated name; the word before the text is what counts.
    says = _says_secret_text(name) or _INSIDE.search(join) is not None
    if not says or (name == "key" and not (" " in join and "=" in join)):
        return found[0]
    return f"{name}{join}{found[0][-1]}{MASK}{found[0][-1]}"  # in the quotes it had: JSON stays JSON


def _mask_bare(found: re.Match[str]) -> str:
    head = found["name"] + found["join"]
    if _INSIDE.search(found["name"]):
        return head + MASK
    # `fault: password=...`: what follows the first name may be a pair of its own.
    return head + _BARE.sub(_mask_bare, found[0][len(head) :])


def _mask_python(text: str) -> str | None:
    """Mask by syntax tree, or None when this is not Python. Shell and magic lines count as `pass`."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")  # the line ends that Python counts
    tree = parse_quietly("\n".join(_as_pass(line) if _is_magic(line) else line for line in lines))
    # `password: hunter2` is Python too, but no cell says that: it is printed text.
    if tree is None or any(isinstance(node, ast.AnnAssign) and node.value is None for node in tree.body):
        return None
    try:
        spans = sorted({span for name, value in _iter_named(tree) for span in _spans(name, value)})
    except RecursionError:
        return None
    raw = [line.encode("utf-8", "surrogatepass") for line in lines]  # the tree counts columns in UTF-8 bytes
    for (first, begin), (last, end) in reversed(_outermost(spans)):
        raw[first - 1 : last] = [raw[first - 1][:begin] + f"'{MASK}'".encode() + raw[last - 1][end:]]
    return "\n".join(line.decode("utf-8", "surrogatepass") for line in raw)


def _outermost(spans: list[_Span]) -> list[_Span]:
    """Without those that lie inside another (a literal inside an f-string)."""
    kept: list[_Span] = []
    for span in spans:
        if not kept or span[0] >= kept[-1][1]:
            kept.append(span)
    return kept


def _is_magic(line: str) -> bool:
    return line.lstrip()[:1] in {"%", "!", "?"}


def _as_pass(line: str) -> str:
    return line[: len(line) - len(line.lstrip())] + "pass"


def _iter_named(tree: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    """Every place where Python gives a value to something with a name."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield from _pairs(target, node.value)
        elif isinstance(node, (ast.AnnAssign, ast.AugAssign, ast.NamedExpr)) and node.value is not None:
            yield from _pairs(node.target, node.value)
        elif isinstance(node, ast.Compare):
            yield from _pairs(node.left, node.comparators[0])
        elif isinstance(node, ast.keyword) and node.arg not in {None, "key"}:
            yield str(node.arg), node.value
        elif isinstance(node, ast.Dict):
            yield from _entries(node)
        elif isinstance(node, ast.arguments):
            yield from _defaults(node)


def _entries(node: ast.Dict) -> Iterator[tuple[str, ast.expr]]:
    for key, value in zip(node.keys, node.values, strict=True):
        if isinstance(key, ast.Constant) and isinstance(key.value, str) and key.value != "key":
            yield key.value, value


def _defaults(node: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    positional = [*node.posonlyargs, *node.args]
    named = positional[len(positional) - len(node.defaults) :]
    yield from ((arg.arg, value) for arg, value in zip(named, node.defaults, strict=True))
    pairs = zip(node.kwonlyargs, node.kw_defaults, strict=True)
    yield from ((arg.arg, value) for arg, value in pairs if value is not None)


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Attribute):
        yield target.attr, value
    elif isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant):
        yield str(target.slice.value), value
    elif isinstance(target, (ast.Tuple, ast.List)):
        both = isinstance(value, (ast.Tuple, ast.List)) and len(value.elts) == len(target.elts)
        for position, item in enumerate(target.elts):
            yield from _pairs(
                item, value.elts[position] if both and isinstance(value, (ast.Tuple, ast.List)) else value
            )


def _spans(name: str, value: ast.expr) -> Iterator[_Span]:
    """Where the literals of a secret name are: texts, and numbers when it is a password in so many words."""
    if not _says_secret_text(name):
        return
    if isinstance(value, ast.JoinedStr) or (isinstance(value, ast.Constant) and _is_telling(name, value.value)):
        yield (value.lineno, value.col_offset), (value.end_lineno or 0, value.end_col_offset or 0)
    for part in _parts(value):
        yield from _spans(name, part)


def _parts(value: ast.expr) -> list[ast.expr]:
    """The expressions that a value is put together from, so that each may be the secret."""
    match value:
        case ast.Tuple() | ast.List() | ast.Set():
            return value.elts
        case ast.Dict() | ast.BoolOp():
            return value.values
        case ast.BinOp():
            return [value.left, value.right]
        case ast.IfExp():
            return [value.body, value.orelse]
    return []


def _is_telling(name: str, value: object) -> bool:
    if isinstance(value, (str, bytes)):
        return bool(value)
    return isinstance(value, int) and not isinstance(value, bool) and _INSIDE.search(name) is not None and value > 999
