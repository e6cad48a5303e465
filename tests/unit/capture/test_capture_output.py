"""The tail, and the tap on real streams."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import io
import logging
import os
import sys
import threading
from collections.abc import Iterator
from contextvars import ContextVar

import pytest

from mlops_nb.capture.output import MAX_CHARACTERS, OutputTap, Tail


class Run:
    def __init__(self) -> None:
        self.tail: Tail | None = Tail()

    @property
    def text(self) -> str:
        assert self.tail is not None
        return self.tail.read()[0]


def written(*texts: str, limit: int = MAX_CHARACTERS) -> tuple[str, int]:
    tail = Tail(limit)
    for text in texts:
        tail.write(text)
    return tail.read()


@pytest.mark.parametrize(
    ("texts", "kept"),
    [
        (["a", "\n", "b"], "a\nb"),
        (["10%\r", "20%\r", "30%\n", "done"], "30%\ndone"),
        (["\r10%", "\r20%", "\r30%\n", "done"], "30%\ndone"),
        (["before\n10%\r20%\rend"], "before\nend"),
        (["before\n", "1", "0%", "\r", "2", "0%"], "before\n20%"),
        (["a\r\nb\r\n"], "a\nb\n"),
        (["a\r", "\nb"], "a\nb"),
        (["100%\r"], "100%"),
        (["100%\r", ""], "100%"),
        (["x\r\r\ry"], "y"),
        (["\r"], ""),
        ([], ""),
    ],
)
def test_a_carriage_return_starts_its_line_anew(texts: list[str], kept: str) -> None:
    assert written(*texts) == (kept, 0)


def test_only_the_end_is_kept_and_the_rest_is_counted() -> None:
    assert written("abc", "def", "gh", limit=4) == ("efgh", 4)
    assert written("x" * 1_000 + "tail", limit=4) == ("tail", 1_000)
    assert written("x" * 1_000 + "\rtail", limit=4)[0] == "tail"
    text, dropped = written(*(f"{number}\n" for number in range(100_000)))
    assert len(text) == MAX_CHARACTERS
    assert text.endswith("99998\n99999\n")
    assert len(text) + dropped == sum(len(f"{number}\n") for number in range(100_000))


def test_a_long_progress_bar_does_not_push_out_what_was_printed() -> None:
    tail = Tail()
    tail.write("the result is 42\n")
    for step in range(20_000):
        tail.write(f"\r{step:6} of 20000 |########|")
    assert tail.read() == ("the result is 42\n 19999 of 20000 |########|", 0)


def take_streams(monkeypatch: pytest.MonkeyPatch) -> tuple[io.TextIOWrapper, io.StringIO]:
    """Called in the test itself: pytest changes the streams between a fixture and its test."""
    out, err = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True), io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    monkeypatch.setattr(sys, "stderr", err)
    return out, err


@pytest.fixture
def current() -> ContextVar[Run | None]:
    return ContextVar("current", default=None)


@contextlib.contextmanager
def tapped(current: ContextVar[Run | None], run: Run | None) -> Iterator[OutputTap[Run]]:
    tap = OutputTap(current)
    token = current.set(run)
    tap.open()
    try:
        yield tap
    finally:
        tap.close()
        current.reset(token)


def raw(stream: io.TextIOWrapper) -> str:
    assert isinstance(stream.buffer, io.BytesIO)
    return stream.buffer.getvalue().decode()


def test_both_streams_are_heard_in_order_and_untouched(
    current: ContextVar[Run | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, err = take_streams(monkeypatch)
    run = Run()
    with tapped(current, run):
        print("one")
        print("two", file=sys.stderr)
        sys.stdout.writelines(["three\n"])
        assert sys.stdout.write("1234") == 4
        assert (sys.stdout, sys.stderr) == (out, err)
        with pytest.raises(TypeError):
            sys.stdout.write(b"bytes")  # type: ignore[arg-type]
    print("after")
    assert run.text == "one\ntwo\nthree\n1234"
    assert (raw(out), err.getvalue()) == ("one\nthree\n1234after\n", "two\n")
    assert "write" not in out.__dict__
    assert "write" not in err.__dict__


def test_a_logging_handler_made_before_is_heard(
    current: ContextVar[Run | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    take_streams(monkeypatch)
    handler = logging.StreamHandler(sys.stderr)
    run = Run()
    with tapped(current, run):
        handler.handle(logging.makeLogRecord({"msg": "epoch done"}))
    assert run.text == "epoch done\n"


def test_no_run_or_no_tail_keeps_nothing(current: ContextVar[Run | None], monkeypatch: pytest.MonkeyPatch) -> None:
    streams = take_streams(monkeypatch)
    silent = Run()
    silent.tail = None
    with tapped(current, None):
        print("a")
    with tapped(current, silent):
        print("b")
    assert raw(streams[0]) == "a\nb\n"


def test_the_last_run_takes_the_tap_out(current: ContextVar[Run | None], monkeypatch: pytest.MonkeyPatch) -> None:
    take_streams(monkeypatch)
    outer, inner = Run(), Run()
    with tapped(current, outer) as tap:
        token = current.set(inner)
        tap.open()
        print("inner")
        tap.close()
        current.reset(token)
        print("outer")
    tap.close()
    assert (outer.text, inner.text) == ("outer\n", "inner\n")
    assert "write" not in sys.stdout.__dict__


def test_a_stream_put_over_ours_is_not_heard_twice(
    current: ContextVar[Run | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, _ = take_streams(monkeypatch)

    class Tee(io.StringIO):
        def write(self, text: str) -> int:
            return out.write(text)

    run = Run()
    with tapped(current, run) as tap:
        monkeypatch.setattr(sys, "stdout", Tee())
        tap.open()
        print("once")
        tap.close()
    assert run.text == "once\n"


def test_threads_and_tasks_keep_apart(current: ContextVar[Run | None], monkeypatch: pytest.MonkeyPatch) -> None:
    take_streams(monkeypatch)
    runs = [Run() for _ in range(4)]

    async def work(run: Run, number: int) -> None:
        current.set(run)
        for _ in range(20):
            print(number)
            await asyncio.sleep(0)
        await asyncio.to_thread(print, "thread of", number)

    async def all_of_them() -> None:
        await asyncio.gather(*(work(run, number) for number, run in enumerate(runs)))

    with tapped(current, None):
        asyncio.run(all_of_them())
    for number, run in enumerate(runs):
        assert run.text == f"{number}\n" * 20 + f"thread of {number}\n"


def test_many_threads_of_one_run_lose_nothing(current: ContextVar[Run | None], monkeypatch: pytest.MonkeyPatch) -> None:
    take_streams(monkeypatch)
    run = Run()
    with tapped(current, run):
        threads = [
            threading.Thread(target=contextvars.copy_context().run, args=(lambda: [print("x") for _ in range(500)],))
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert run.text.count("x") == 2_000


def test_whoever_replaces_the_stream_or_its_write_is_left_alone(
    current: ContextVar[Run | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    out, err = take_streams(monkeypatch)
    theirs = io.StringIO()
    run = Run()
    with tapped(current, run):
        monkeypatch.setattr(sys, "stdout", theirs)
        ours = err.write
        their_write = lambda text: ours(text.upper())  # noqa: E731
        err.write = their_write  # type: ignore[method-assign]
        print("theirs")
        print("loud", file=err)
    assert sys.stdout is theirs
    assert err.write is their_write
    with tapped(current, again := Run()):
        print("once", file=err)
    assert (run.text, again.text) == ("LOUD\n", "once\n")
    print("later", file=err)
    assert err.getvalue() == "LOUD\nONCE\nLATER\n"
    assert "write" not in out.__dict__


def test_streams_that_cannot_be_tapped_or_are_not_there(
    current: ContextVar[Run | None], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Closed:
        __slots__ = ("texts",)

        def __init__(self) -> None:
            self.texts: list[str] = []

        def write(self, text: str) -> None:
            self.texts.append(text)

    closed = Closed()
    monkeypatch.setattr(sys, "stdout", closed)
    monkeypatch.setattr(sys, "stderr", None)
    with tapped(current, Run()):
        print("still here")
    assert "".join(closed.texts) == "still here\n"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_forked_child_is_not_listened_to(current: ContextVar[Run | None], monkeypatch: pytest.MonkeyPatch) -> None:
    take_streams(monkeypatch)
    run = Run()
    with tapped(current, run):
        pid = os.fork()
        if pid == 0:
            os._exit(1 if "write" in sys.stdout.__dict__ else 0)
        assert os.waitpid(pid, 0)[1] == 0
        print("parent")
    assert run.text == "parent\n"


def test_ipykernels_stream_goes_on_working(current: ContextVar[Run | None], monkeypatch: pytest.MonkeyPatch) -> None:
    from ipykernel.iostream import OutStream

    class Silent(OutStream):  # type: ignore[misc]
        """The real write and parent header, without the socket behind them."""

        def _schedule_flush(self) -> None:
            pass

    import zmq
    from ipykernel.iostream import IOPubThread
    from jupyter_client.session import Session

    context = zmq.Context()
    thread = IOPubThread(context.socket(zmq.PUB))
    stream = Silent(Session(), thread, "stdout", watchfd=False)
    monkeypatch.setattr(sys, "stdout", stream)
    run = Run()
    with tapped(current, run):
        stream.set_parent({"header": {"msg_id": "cell-1"}})
        print("hello")
        assert isinstance(sys.stdout, OutStream)
        assert sys.stdout.parent_header == {"msg_id": "cell-1"}
        (_, sent), *_ = stream._flush_buffers()
    assert (sent, run.text) == ("hello\n", "hello\n")
    context.destroy(linger=0)
