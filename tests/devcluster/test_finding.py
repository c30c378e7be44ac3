"""The order in which the programs are looked for, and how each step gives way to the next."""

import fcntl
import hashlib
import io
import signal
import subprocess
import sys
import tarfile
import threading
from pathlib import Path

import httpx
import pytest

from trainsweep_devtools.devcluster import DevClusterError, build, download, find_binaries
from trainsweep_devtools.devcluster.cache import Cache, this_platform

SERVER = ("etcd", "kube-apiserver")


def programs(directory: Path, *names: str) -> Path:
    directory.mkdir(parents=True, exist_ok=True)
    for name in names:
        (directory / name).write_text(directory.name)
    return directory


def archive(*members: str) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as opened:
        for name in members:
            member = tarfile.TarInfo(name)
            member.size = len(b"downloaded")
            opened.addfile(member, io.BytesIO(b"downloaded"))
    return content.getvalue()


@pytest.fixture
def environ(tmp_path):
    return {"XDG_CACHE_HOME": str(tmp_path / "cache"), "PATH": str(tmp_path / "path"), "HOME": str(tmp_path)}


@pytest.fixture
def cache(environ):
    return Cache.of_user(environ)


@pytest.fixture
def go(tmp_path, fake_go):
    return fake_go(tmp_path / "path" / "go")


@pytest.fixture
def unreachable():
    def refuse(request):
        raise httpx.ConnectError("no route to host", request=request)

    return httpx.MockTransport(refuse)


@pytest.fixture
def find(environ, progress, unreachable):
    def run(*, controllers=False, transport=unreachable):
        return find_binaries(controllers, progress, environ=environ, transport=transport)

    return run


def serving(content: bytes) -> httpx.MockTransport:
    """A GitHub that serves `content` in two parts."""

    def answer(request):
        parts = iter([content[:100], content[100:]])
        return httpx.Response(200, headers={"content-length": str(len(content))}, content=parts)

    return httpx.MockTransport(answer)


def released(monkeypatch, content: bytes) -> httpx.MockTransport:
    """The same, of an archive whose sum is the expected one."""
    sums = {this_platform(): hashlib.sha512(content).hexdigest()}
    monkeypatch.setattr(download, "archives", lambda: {"version": "1.36.2", "sha512": sums})
    return serving(content)


def test_kubebuilder_assets_come_before_the_cache(find, environ, cache, progress, tmp_path):
    programs(build.shelf(cache), *SERVER)
    environ["KUBEBUILDER_ASSETS"] = str(programs(tmp_path / "assets", *SERVER))
    assert find().etcd == tmp_path / "assets" / "etcd"
    assert progress.steps == []


def test_kubebuilder_assets_without_the_programs_are_an_error_and_not_passed_over(find, environ, cache, tmp_path):
    programs(build.shelf(cache), *SERVER)
    environ["KUBEBUILDER_ASSETS"] = str(programs(tmp_path / "assets", "etcd"))
    with pytest.raises(DevClusterError, match=r"assets, which does not hold both etcd and kube-apiserver\. Correct or"):
        find()


@pytest.mark.parametrize("shelf", [build.shelf, download.shelf])
def test_a_filled_cache_needs_neither_network_nor_go(find, cache, progress, shelf):
    programs(shelf(cache), *SERVER)
    assert find().kube_apiserver == shelf(cache) / "kube-apiserver"
    assert progress.steps == []


def test_a_relative_cache_home_is_ignored_as_its_specification_says():
    assert Cache.of_user({"XDG_CACHE_HOME": "here", "HOME": "/home/me"}).root == Path(
        "/home/me/.cache/trainsweep/devcluster"
    )


def test_the_archive_is_downloaded_verified_and_kept(find, cache, progress, monkeypatch):
    content = archive("controller-tools/envtest/etcd", "controller-tools/envtest/kube-apiserver", "../../kubectl")
    assert find(transport=released(monkeypatch, content)).etcd.read_text() == "downloaded"
    assert sorted(path.name for path in download.shelf(cache).iterdir()) == ["etcd", "kube-apiserver"]
    assert progress.advances[-1] == (len(content), len(content))
    assert find().etcd == download.shelf(cache) / "etcd", "the second time it comes from the cache"


def test_the_download_asks_for_this_platforms_archive(find, go):
    asked = []

    def answer(request):
        asked.append(str(request.url))
        return httpx.Response(404)

    find(transport=httpx.MockTransport(answer))
    version = download.archives()["version"]
    assert asked == [
        "https://github.com/kubernetes-sigs/controller-tools/releases/download/"
        f"envtest-v{version}/envtest-v{version}-{this_platform()}.tar.gz"
    ]


def test_an_altered_archive_is_thrown_away_and_the_programs_are_built(find, cache, go, progress):
    assert find(transport=serving(archive("etcd", "kube-apiserver"))).etcd.read_text() == "built"
    assert "its SHA-512 differs" in progress.reasons[0]
    assert not download.shelf(cache).exists()


def test_an_archive_without_the_programs_gives_way(find, go, progress, monkeypatch):
    assert find(transport=released(monkeypatch, archive("etcd"))).etcd.read_text() == "built"
    assert "does not hold etcd and kube-apiserver" in progress.reasons[0]


def test_a_silent_download_gives_way(find, go, progress):
    def hang(request):
        assert set(request.extensions["timeout"].values()) == {10.0}, "seconds, for each of connect, read, write, pool"
        raise httpx.ReadTimeout("", request=request)

    assert find(transport=httpx.MockTransport(hang)).etcd.read_text() == "built"
    assert progress.reasons == ["Nothing arrived from github.com for 10 s."]


def test_an_unreachable_download_gives_way(find, go, progress):
    assert find().etcd.read_text() == "built"
    assert progress.reasons == ["github.com cannot be reached: no route to host."]


def test_a_build_counts_the_packages_it_compiles(find, go, progress):
    find()
    assert progress.advances == [(1, 141), (1, 2), (2, 2)]


def test_the_server_alone_is_built_until_controllers_are_asked_for(find, go):
    assert find().kube_controller_manager is None
    assert go.built == ["go.etcd.io/etcd/server/v3", "k8s.io/kubernetes/cmd/kube-apiserver"]
    assert find(controllers=True).kube_controller_manager.read_text() == "built"
    assert go.built[2:] == ["k8s.io/kubernetes/cmd/kube-controller-manager"]


def test_controllers_are_built_beside_a_downloaded_server(find, cache, go):
    programs(download.shelf(cache), *SERVER)
    found = find(controllers=True)
    assert found.etcd.parent == download.shelf(cache)
    assert found.kube_controller_manager.parent == build.shelf(cache)
    assert go.built == ["k8s.io/kubernetes/cmd/kube-controller-manager"]


def test_controllers_in_kubebuilder_assets_are_used(find, environ, tmp_path):
    environ["KUBEBUILDER_ASSETS"] = str(programs(tmp_path / "assets", *SERVER, "kube-controller-manager"))
    assert find(controllers=True).kube_controller_manager == tmp_path / "assets" / "kube-controller-manager"


def test_a_failed_build_tells_gos_last_words_and_leaves_nothing(find, environ, cache, go):
    environ["FAKE_GO_FAILS"] = "yes"
    with pytest.raises(DevClusterError, match=r"go build failed:\n.*no space left on device"):
        find()
    assert [path.name for path in cache.root.iterdir()] == ["lock"]


def test_a_go_that_is_too_old_is_passed_over_for_the_one_in_the_cache(find, cache, tmp_path, fake_go):
    old = fake_go(tmp_path / "path" / "go", version="go1.21.13")
    kept = fake_go(cache.directory("go", "1.26.6") / "go" / "bin" / "go")
    find()
    assert old.built == []
    assert len(kept.built) == 2


def test_who_finds_the_cache_locked_waits_and_takes_what_the_other_built(find, cache, progress, go):
    cache.root.mkdir(parents=True)
    waiting, found = threading.Event(), []
    progress.step = lambda text: waiting.set() if text.startswith("Waiting for another process") else None
    with (cache.root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        second = threading.Thread(target=lambda: found.append(find()))
        second.start()
        assert waiting.wait(30)
        programs(build.shelf(cache), *SERVER)
    second.join(30)
    assert found[0].etcd.parent == build.shelf(cache)
    assert go.calls == []


def test_an_interrupted_command_does_not_pass_for_one_that_is_done(environ, cache):
    cache.root.mkdir(parents=True)
    command = [sys.executable, "-m", "trainsweep_devtools.devcluster", "--build-only"]
    with (cache.root / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, text=True) as running:
            assert running.stderr is not None
            assert running.stderr.readline().startswith("Waiting for another process")
            running.send_signal(signal.SIGINT)
            assert running.stderr.read() == "Interrupted before it was done.\n"
        assert running.returncode == 130


def test_what_a_killed_build_left_is_cleared_away(find, cache, go):
    left = programs(cache.root / "staging-left", "half")
    find()
    assert not left.exists()
