"""A process that cannot outlive its user, whatever happens to that."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from trainsweep_devtools.devcluster import Binaries, ControlPlane, DevClusterError
from trainsweep_devtools.devcluster.process import Process

# Ignores polite requests, and says its own process id once it does.
STUBBORN = """
import os, signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)
print(os.getpid(), flush=True)
time.sleep(600)
"""

# A user of a Process who says that it is there, then waits for its own end; also under nohup, where all ignore SIGHUP.
USER = """
import signal, sys, time
from pathlib import Path
from trainsweep_devtools.devcluster.process import Process
directory = Path(sys.argv[1])
command = [sys.executable, "-c", sys.argv[2]]
process = Process(command, directory=directory, log=directory.parent / "log", remove=directory)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
print("started", flush=True)
time.sleep(600)
"""


def eventually(condition, what: str) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline, what
        time.sleep(0.02)


def written_pid(log: Path) -> int:
    eventually(lambda: log.exists() and log.read_text().endswith("\n"), "the program never started")
    return int(log.read_text())


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def process(tmp_path):
    started = Process([sys.executable, "-c", STUBBORN], directory=tmp_path, log=tmp_path / "log")
    yield started
    started.stop()
    started.wait()


def test_a_stopped_process_is_gone_when_wait_returns(process):
    pid = written_pid(process.log)
    assert process.running
    process.stop()
    process.wait()
    assert not alive(pid)
    assert not process.running


def test_a_killed_process_is_gone_and_its_directory_stays(tmp_path):
    (tmp_path / "data").mkdir()
    log = tmp_path / "log"
    process = Process([sys.executable, "-c", STUBBORN], directory=tmp_path, log=log, remove=tmp_path / "data")
    pid = written_pid(log)
    process.kill()
    assert not alive(pid)
    assert (tmp_path / "data").exists()


def test_a_paused_process_can_be_stopped(process):
    pid = written_pid(process.log)
    process.send(signal.SIGSTOP)
    process.stop()
    process.wait()
    assert not alive(pid)


def test_a_supervisor_that_is_told_to_end_takes_its_process_with_it(process):
    pid = written_pid(process.log)
    process._supervisor.terminate()
    process.wait()
    assert not alive(pid)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda s: s.name)
def test_nothing_outlives_a_user_who_dies_by_any_signal(tmp_path, number):
    directory = tmp_path / "data"
    directory.mkdir()
    arguments = [sys.executable, "-c", USER, str(directory), STUBBORN]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as user:
        assert user.stdout is not None
        assert user.stdout.readline() == b"started\n"
        pid = written_pid(tmp_path / "log")
        user.send_signal(number)
        user.wait(30)
    eventually(lambda: not alive(pid), "the process outlived its user")
    eventually(lambda: not directory.exists(), "the directory outlived the process")


def script(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_component_that_fails_is_named_with_the_end_of_its_log_and_nothing_stays(tmp_path):
    binaries = Binaries(
        etcd=script(tmp_path / "etcd", "echo $$ > etcd.pid; exec sleep 600"),
        kube_apiserver=script(
            tmp_path / "kube-apiserver", "while [ ! -s etcd.pid ]; do :; done; echo 'unknown flag: --x' >&2; exit 1"
        ),
    )
    with pytest.raises(DevClusterError, match=r"kube-apiserver ended while it started.*\n.*unknown flag: --x"):
        ControlPlane.start(binaries, directory=tmp_path / "plane")
    assert not alive(int((tmp_path / "plane" / "etcd.pid").read_text()))
