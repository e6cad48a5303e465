"""What git's own files say, compared with what git itself says, on real repositories."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest

from mlops_nb.capture import git
from mlops_nb.capture.git import GitWatch, find_code_state


def run_git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=e@x", "-c", "init.defaultBranch=main", "-c", "commit.gpgsign=0"]
    return subprocess.run(
        ["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "repo"
    root.mkdir()
    run_git(root, "init", "-q")
    (root / "a.py").write_text("x = 1\n")
    run_git(root, "add", ".")
    run_git(root, "commit", "-qm", "first")
    return root


def test_a_checkout_seen_from_a_folder_inside(checkout: Path) -> None:
    run_git(checkout, "remote", "add", "upstream", "https://host/up.git")
    run_git(checkout, "remote", "add", "origin", "https://me:p%40ss@host:8443/team/repo.git")
    (checkout / "sub" / "deep").mkdir(parents=True)
    found = find_code_state(checkout / "sub" / "deep")
    assert found is not None
    assert (found.commit, found.branch) == (run_git(checkout, "rev-parse", "HEAD"), "main")
    assert (found.remote, found.dirty) == ("https://host:8443/team/repo.git", None)


def test_packed_references_and_branches_with_slashes(checkout: Path) -> None:
    run_git(checkout, "checkout", "-qb", "feature/x")
    run_git(checkout, "pack-refs", "--all")
    assert not (checkout / ".git/refs/heads/feature/x").exists()
    found = find_code_state(checkout)
    assert found is not None
    assert (found.commit, found.branch) == (run_git(checkout, "rev-parse", "HEAD"), "feature/x")


def test_a_detached_head(checkout: Path) -> None:
    run_git(checkout, "checkout", "-q", "--detach")
    found = find_code_state(checkout)
    assert found is not None
    assert (found.commit, found.branch) == (run_git(checkout, "rev-parse", "HEAD"), "")


def test_a_worktree(checkout: Path, tmp_path: Path) -> None:
    run_git(checkout, "remote", "add", "origin", "git@host:team/repo.git")
    run_git(checkout, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    (tmp_path / "side" / "b.py").write_text("y = 2\n")
    run_git(tmp_path / "side", "add", ".")
    run_git(tmp_path / "side", "commit", "-qm", "second")
    found = find_code_state(tmp_path / "side")
    assert found is not None
    assert found.commit == run_git(tmp_path / "side", "rev-parse", "HEAD") != run_git(checkout, "rev-parse", "HEAD")
    assert (found.branch, found.remote) == ("side", "git@host:team/repo.git")


def test_before_the_first_commit(tmp_path: Path) -> None:
    run_git(tmp_path, "init", "-q")
    found = find_code_state(tmp_path)
    assert found is not None
    assert (found.commit, found.branch) == ("", "main")


def test_no_checkout_and_no_readable_one(tmp_path: Path) -> None:
    assert find_code_state(tmp_path) is None
    assert find_code_state(tmp_path / "gone\x00") is None
    (tmp_path / ".git").write_text("gitdir: nowhere\n")
    found = find_code_state(tmp_path)
    assert found is not None
    assert found.commit == ""


def test_a_reference_may_not_leave_gits_folder(checkout: Path) -> None:
    (checkout / "outside").write_text("b" * 40)
    for head in (
        "ref: ../outside",
        "ref: refs/../../outside",
        "ref: /etc/hostname",
        "no commit",
        "ref: refs/heads/loop",
    ):
        (checkout / ".git/HEAD").write_text(head)
        (checkout / ".git/refs/heads/loop").write_text("ref: refs/heads/loop")
        found = find_code_state(checkout)
        assert found is not None
        assert found.commit == ""


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://host/r.git", "https://host/r.git"),
        ("https://ghp_token@host/r.git", "https://host/r.git"),
        ("https://u:p@ss@host/r.git", "https://host/r.git"),
        ("https://u:p/w@host/r.git", "https://host/r.git"),
        ("https://host:8443/a@b.git?private_token=x", "https://host:8443/a@b.git"),
        ("ssh://git@host:22/r.git", "ssh://host:22/r.git"),
        ("git@host:r.git", "git@host:r.git"),
        ("/srv/r.git", "/srv/r.git"),
    ],
)
def test_a_remote_never_shows_a_password(checkout: Path, url: str, shown: str) -> None:
    run_git(checkout, "config", "remote.origin.url", url)
    found = find_code_state(checkout)
    assert found is not None
    assert found.remote == shown


def watch(folder: Path) -> bool | None:
    git._looks.clear()
    watching = GitWatch(folder)
    watching.start()
    return watching.result(20)


def test_dirty_is_about_tracked_files(checkout: Path) -> None:
    (checkout / "untracked").write_text("")
    assert watch(checkout) is False
    (checkout / "a.py").write_text("x = 2\n")
    assert watch(checkout) is True
    run_git(checkout, "add", ".")
    assert watch(checkout) is True


def test_outside_a_checkout_nothing_is_known(tmp_path: Path) -> None:
    assert watch(tmp_path) is None
    assert GitWatch(tmp_path).result(1) is None


def test_no_git_binary(checkout: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    assert watch(checkout) is None


def test_a_git_folder_named_by_the_environment_is_not_asked_instead(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other"))
    assert watch(checkout) is False


def fake_git(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "bin" / "git"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")


def test_a_slow_git_is_not_waited_for_and_is_killed(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_git(tmp_path, f"echo $$ > {tmp_path}/pid; exec sleep 60", monkeypatch)
    monkeypatch.setattr(git, "GIT_TIMEOUT_S", 0.5)
    git._looks.clear()
    watching = GitWatch(checkout)
    watching.start()
    began = time.monotonic()
    assert watching.result(0.01) is None
    assert time.monotonic() - began < 0.4
    assert watching._look is not None
    assert watching._look.done.wait(10)
    assert watching.result() is None
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)


def test_an_answer_is_remembered_for_two_seconds(
    checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fake_git(tmp_path, f"echo asked >> {tmp_path}/asked; echo ' M a.py'", monkeypatch)
    git._looks.clear()
    for _ in range(3):
        watching = GitWatch(checkout)
        watching.start()
        assert watching.result(20) is True
    assert (tmp_path / "asked").read_text().count("asked") == 1
    monkeypatch.setattr(git, "REMEMBER_S", 0.0)
    watching = GitWatch(checkout)
    watching.start()
    assert watching.result(20) is True
    assert (tmp_path / "asked").read_text().count("asked") == 2
