"""Tracked cells in a real ipykernel: displays, interrupts, tasks, subshell-free state, cell ids."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

import pytest
from jupyter_client.manager import start_new_kernel

from mlops_nb.lineage import get_details, list_runs
from mlops_nb.store import open_store


@dataclass
class Answer:
    """What came back for one cell."""

    texts: list[str] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    streams: str = ""
    error: str = ""


class Kernel:
    def __init__(self, client, manager, store):
        self.client, self.manager, self.store = client, manager, store

    def run(self, code, cell_id="", interrupt_after_s=None):
        message = self.client.session.msg(
            "execute_request",
            {"code": code, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False},
        )
        message["metadata"] = {"cellId": cell_id}
        self.client.shell_channel.send(message)
        if interrupt_after_s is not None:
            threading.Timer(interrupt_after_s, self.manager.interrupt_kernel).start()
        answer = Answer()
        while True:
            got = self.client.get_iopub_msg(timeout=60)
            if got["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            kind, content = got["msg_type"], got["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return answer
            if kind == "stream":
                answer.streams += content["text"]
            elif kind in {"display_data", "execute_result"}:
                answer.texts.append(content["data"].get("text/plain", ""))
                answer.html.append(content["data"].get("text/html", ""))
            elif kind == "error":
                answer.error = content["ename"]

    def newest(self):
        return list_runs(self.store, limit=1)[0]


@pytest.fixture(scope="module")
def kernel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kernel")
    import os

    environ = {
        **os.environ,
        "MLOPS_NB_STORE": str(folder / "store"),
        "MLOPS_NB_CACHE": str(folder / "cache"),
        "JPY_SESSION_NAME": str(folder / "delays.ipynb"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    manager, client = start_new_kernel(kernel_name="python3", cwd=str(folder), env=environ)
    kernel = Kernel(client, manager, open_store(folder / "store"))
    kernel.run("%load_ext mlops_nb\nimport mlops_nb as mb, asyncio, time")
    yield kernel
    client.stop_channels()
    manager.shutdown_kernel(now=True)


def test_the_card_comes_last_and_the_result_stands(kernel):
    answer = kernel.run("%%track delays\nacc = max([0.5, 0.2])\nacc", cell_id="cell-7")
    assert answer.texts[0] == "0.5"
    assert "completed" in answer.texts[-1]
    assert "mlops-nb-card" in answer.html[-1]
    run = kernel.newest()
    assert run.cell_id == "cell-7"
    assert run.notebook.endswith("delays.ipynb")


def test_inline_figures_are_kept(kernel):
    kernel.run("%%track\n%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);")
    figures = [one for one in get_details(kernel.store, kernel.newest().id).artifacts if one.role == "figure"]
    assert len(figures) == 1
    assert kernel.store.objects.get(figures[0].digest).startswith(b"\x89PNG")


@pytest.mark.parametrize("wait", ["time.sleep(30)", "for _ in range(600): await asyncio.sleep(0.05)"])
def test_interrupt_reaches_the_cell_and_the_record(kernel, wait):
    answer = kernel.run(f"%%track\n{wait}", interrupt_after_s=1.0)
    assert answer.error in {"KeyboardInterrupt", "CancelledError"}
    assert kernel.newest().status == "interrupted"
    assert kernel.newest().duration_s < 20


def test_await_keeps_the_run_and_the_next_cell_has_none(kernel):
    kernel.run("%%track\nawait asyncio.sleep(0.01)\nmb.log(loss=0.5)")
    assert kernel.newest().metric("loss") == 0.5
    assert kernel.run("print(mb.current_run())").streams.strip() == "None"


def test_tasks_keep_apart(kernel):
    kernel.run(
        "async def work(k):\n"
        "    with mb.track('tasks', params={'k': k}) as run:\n"
        "        for _ in range(3):\n"
        "            await asyncio.sleep(0.01); mb.log(v=k)\n"
        "_ = await asyncio.gather(work(1), work(2), work(3))"
    )
    runs = list_runs(kernel.store, experiment="tasks")
    assert {(run.params["k"], run.metric("v"), run.metrics["v"].count) for run in runs} == {
        (1, 1, 3),
        (2, 2, 3),
        (3, 3, 3),
    }


def test_a_killed_kernel_leaves_a_crashed_run_with_all_its_points(kernel, tmp_path):
    script = "%%track killed\nimport os\nfor i in range(100):\n    mb.log(loss=float(i))\nos.kill(os.getpid(), 9)"
    message = kernel.client.session.msg(
        "execute_request", {"code": script, "silent": False, "store_history": True, "user_expressions": {}}
    )
    kernel.client.shell_channel.send(message)
    deadline = threading.Event()
    for _ in range(600):
        runs = list_runs(kernel.store, experiment="killed")
        if runs and runs[0].status != "running":
            break
        deadline.wait(0.05)
    assert runs[0].status == "crashed"
    assert runs[0].metrics["loss"].count == 100
