"""Planted secrets do not get through; code that holds none is not touched."""

from __future__ import annotations

import ast
import time

import pytest

from mlops_nb.capture.redaction import is_secret_name, redact, redact_output

PLANTED = "hunter2-and-more"


@pytest.mark.parametrize(
    "source",
    [
        f"API_KEY = '{PLANTED}'",
        f'db_password: str = "{PLANTED}"',
        f"user, password = 'me', '{PLANTED}'",
        f"os.environ['HF_TOKEN'] = '{PLANTED}'",
        f"client.secret = '{PLANTED}'",
        f"connect(host='h', password='{PLANTED}')",
        f"cfg = {{'host': 'h', 'api_key': '{PLANTED}'}}",
        f"secrets = {{'a': '{PLANTED}'}}",
        f"def f(a, token='{PLANTED}', *, pwd='{PLANTED}'): pass",
        f"password = ('é'\n  '{PLANTED}')",
        f"password = 'x' + '{PLANTED}'",
        f"token = os.getenv('HF') or '{PLANTED}'",
        f"token = a if b else '{PLANTED}'",
        f"token = f'{{x}}{PLANTED}'",
        f"token = '''\n{PLANTED}\n'''",
        f"token = b'{PLANTED}'",
        f"if password == '{PLANTED}': pass",
        f"# password = '{PLANTED}'",
        f"tokens = ['{PLANTED}']",
        f"%env API_KEY={PLANTED}\nx = 1",
        f"!tool --api-key {PLANTED} --x",
        f"files = !ls\npassword = '{PLANTED}'",
        f"x = 1 +\npassword = '{PLANTED}'",
        f"é = 'ü'; token = '{PLANTED}'; z = 1",
        f"x = 1\r\npassword = '{PLANTED}'\r\ny = 2",
        f"url = 'postgres://me:{PLANTED}@host/db'",
    ],
)
def test_a_secret_in_source_is_masked(source: str) -> None:
    masked = redact(source)
    assert PLANTED not in masked
    assert "***" in masked
    assert redact(masked) == masked


@pytest.mark.parametrize(
    "secret",
    [
        "AKIAABCDEFGHIJKLMNOP",
        "ghp_" + "aB3" * 12,
        "github_pat_" + "aB3" * 12,
        "sk-proj-" + "aB3" * 12,
        "hf_" + "aB3" * 12,
        "xoxb-1234567890-abcdef",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc_def",
        "-----BEGIN RSA PRIVATE KEY-----\nMIIE\nabc\n-----END RSA PRIVATE KEY-----",
        "-----BEGIN PRIVATE KEY-----\nMIIEcut",
    ],
)
def test_known_tokens_are_masked_anywhere(secret: str) -> None:
    assert redact(f"print('''{secret}''')") == "print('''***''')" or secret.endswith("cut")
    assert redact_output(f"got {secret}").startswith("got ***")
    assert "MIIE" not in redact_output(f"got {secret} ")


@pytest.mark.parametrize(
    "text",
    [
        f"password: {PLANTED}",
        f"API_KEY={PLANTED}",
        f"run --hf-token={PLANTED} now",
        f"run --password {PLANTED} now",
        f'{{"password": "{PLANTED}"}}',
        f"Authorization: Bearer {PLANTED}",
        f"https://me:{PLANTED}@host/x",
    ],
)
def test_a_secret_in_printed_text_is_masked(text: str) -> None:
    assert PLANTED not in redact_output(text)
    assert redact_output(text) == redact_output(redact_output(text))


@pytest.mark.parametrize(
    "source",
    [
        "sorted(rows, key='name')",
        "d = {'key': 'v'}",
        "store.put(key='df')",
        "max_tokens = 256",
        "token = os.environ['HF_TOKEN']",
        "password = getpass()",
        "api_key = load_key",
        "use_token = True\ntoken = None",
        "left_keys = on",
        "tokenizer = 'bpe'",
        "url = 'http://localhost:8888/a?b=c@d'",
        "x = 'password'",
        "%time fit(key=1)",
    ],
)
def test_harmless_code_is_not_touched(source: str) -> None:
    assert redact(source) == source


def test_masked_source_is_still_python() -> None:
    source = "def f(a, token='abcd'):\n    x = {'password': ('a'\n      'b')}\n    return x  # é\nsecret = 'é'; y = 1\n"
    assert ast.unparse(ast.parse(redact(source))) == (
        "def f(a, token='***'):\n    x = {'password': '***'}\n    return x\nsecret = '***'\ny = 1"
    )


def test_line_ends_and_a_literal_inside_a_literal() -> None:
    assert redact("x = 1\r\npassword = 'p'\r\ny = 2") == "x = 1\npassword = '***'\ny = 2"
    assert redact("""password = f"{g(token='a-rather-long-one')}"; y = 1""") == "password = '***'; y = 1"


def test_printed_json_stays_json() -> None:
    assert redact_output('{"password": "p"}') == '{"password": "***"}'


def test_names() -> None:
    assert all(map(is_secret_name, ["key", "apiKey", "API_KEY", "my_token", "authtoken", "DB_PWD", "secret2", "creds"]))
    assert not any(map(is_secret_name, ["keys", "monkey", "tokenizer", "max_tokens", "keyboard", "lr", "", "credit"]))


@pytest.mark.parametrize(
    "text",
    [
        "-" * 65_536 + "key",
        "a" * 65_536 + " key",
        "key:" + " " * 65_536,
        'key="""' * 9_000,
        "--a" * 22_000 + "key",
        "://a:" * 13_000 + "key",
        "-----BEGIN PRIVATE KEY-----" * 2_400,
        "key" + "(" * 60_000,
        "password = " + " + ".join(["'a'"] * 5_000),
    ],
)
def test_hostile_text_is_not_slow(text: str) -> None:
    began = time.process_time()
    redact(text)
    redact_output(text)
    assert time.process_time() - began < 2.0


def test_a_flag_does_not_swallow_the_pair_behind_it():
    assert redact("%%track a -p db_password=hunter2hunter2\nx = 1") == "%%track a -p db_password=***\nx = 1"
    assert redact_output("run -p db_password=hunter2hunter2 -q") == "run -p db_password=*** -q"
    assert redact_output("ValueError: password='hunter2hunter2'") == "ValueError: password='***'"
    assert redact_output("fault: password=hunter2hunter2") == "fault: password=***"
    assert redact_output("login --password hunter2hunter2 -q") == "login --password *** -q"
