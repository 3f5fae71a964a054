import contextlib
import hashlib
import tarfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import gdown
import pytest

from fieldmarks.__main__ import main
from fieldmarks.core.errors import DataError
from fieldmarks.precompute.data.downloads import download
from fieldmarks.precompute.data.downloads.download import Source, cached
from fieldmarks.precompute.data.downloads.fetch import CUB, Piece, fetch
from tests.support.archives import archive
from tests.support.cub_folder import PATHS, write_cub
from tests.support.serving import serving

CONTENT = bytes(range(256)) * 16_000


class Server(ThreadingHTTPServer):
    """Serves one file on localhost and breaks the first ``n_broken`` answers half-way."""

    daemon_threads = True

    def __init__(self, content, n_broken=0, status=200):
        super().__init__(("127.0.0.1", 0), Handler)
        self.content, self.n_broken, self.status = content, n_broken, status
        self.starts = []
        self.url = f"http://127.0.0.1:{self.server_port}/file.tgz"


class Handler(BaseHTTPRequestHandler):
    """Answers ranges as RFC 9110 has it."""

    def do_GET(self):
        server = self.server
        if server.status != 200:
            self.send_error(server.status)
            return
        span = self.headers.get("Range")
        start = int(span.removeprefix("bytes=").split("-")[0]) if span else 0
        server.starts.append(start)
        body, total = server.content[start:], len(server.content)
        self.send_response(206 if span else 200)
        if span:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", '"one"')
        self.end_headers()
        if server.n_broken:
            server.n_broken -= 1
            body = body[: len(body) // 2]
        with contextlib.suppress(ConnectionError):  # a client that has seen enough hangs up
            self.wfile.write(body)

    def log_message(self, *args):
        pass


@pytest.fixture
def serve():
    with contextlib.ExitStack() as servers:

        def start(content, **behaviour):
            server = Server(content, **behaviour)
            servers.enter_context(serving(server))
            return server

        yield start


@pytest.fixture
def no_retries(monkeypatch):
    monkeypatch.setattr(download, "RETRIES", 0)


def source(server, content=CONTENT):
    return Source("file.tgz", server.url, hashlib.md5(content).hexdigest())


def test_a_file_is_downloaded_once(serve, tmp_path):
    server = serve(CONTENT)
    for _ in range(2):
        path = cached(source(server), tmp_path / "cache")
        assert path.read_bytes() == CONTENT
    assert server.starts == [0]


def test_a_broken_connection_is_mended_without_a_new_command(serve, tmp_path, monkeypatch):
    monkeypatch.setattr("random.uniform", lambda low, high: 0)
    server = serve(CONTENT, n_broken=2)
    assert cached(source(server), tmp_path).read_bytes() == CONTENT
    assert len(server.starts) == 3
    assert 0 == server.starts[0] < server.starts[1] < server.starts[2]


def test_the_next_command_goes_on_where_a_broken_one_stopped(serve, tmp_path, no_retries):
    server = serve(CONTENT, n_broken=1)
    with pytest.raises(DataError, match="the same command resumes"):
        cached(source(server), tmp_path)
    assert not (tmp_path / "file.tgz").exists()
    assert cached(source(server), tmp_path).read_bytes() == CONTENT
    assert server.starts[-1] > 0


def test_a_wrong_checksum_is_refused_and_the_file_deleted(serve, tmp_path):
    server = serve(CONTENT)
    with pytest.raises(DataError, match=r"has md5 \w+, expected \w+; it was deleted") as failure:
        cached(source(server, b"something else"), tmp_path)
    assert "\n" not in str(failure.value)
    assert list(tmp_path.iterdir()) == []


def test_a_file_given_by_hand_is_checked_but_never_deleted(serve, tmp_path):
    server = serve(CONTENT)
    given = tmp_path / "file.tgz"
    given.write_bytes(CONTENT)
    assert cached(source(server), tmp_path / "cache", given) == given
    given.write_bytes(b"damaged")
    with pytest.raises(DataError, match="download it again"):
        cached(source(server), tmp_path / "cache", given)
    assert given.exists()
    assert server.starts == []
    with pytest.raises(DataError, match="there is no file"):
        cached(source(server), tmp_path, tmp_path / "nowhere.tgz")


def test_without_a_network_the_error_says_what_to_do_by_hand(tmp_path, no_retries):
    away = Source("file.tgz", "http://127.0.0.1:9/file.tgz", "0")
    with pytest.raises(DataError, match=r"download it by hand and put it at \S+/file\.tgz") as told:
        cached(away, tmp_path)
    assert "\n" not in str(told.value)
    assert "--archive" in str(told.value)


def test_a_server_that_refuses_is_reported(serve, tmp_path, no_retries):
    with pytest.raises(DataError, match="404"):
        cached(source(serve(CONTENT, status=404)), tmp_path)


def test_without_a_published_checksum_the_one_seen_is_recorded(serve, tmp_path, capsys):
    server = serve(CONTENT)
    unpublished = Source("file.tgz", server.url)
    sha256 = hashlib.sha256(CONTENT).hexdigest()
    cached(unpublished, tmp_path)
    assert f"no checksum is published; sha256 {sha256}\n" in capsys.readouterr().out
    cached(unpublished, tmp_path)
    assert f"{sha256}, as before" in capsys.readouterr().out
    (tmp_path / "file.tgz").write_bytes(b"changed")
    cached(unpublished, tmp_path)
    assert f"but {sha256} was seen before" in capsys.readouterr().out


@pytest.fixture
def homes(serve, tmp_path):
    """Both official homes, small, on localhost."""
    cub = write_cub(tmp_path / "made" / "CUB_200_2011")
    images, captions = tmp_path / "images.tgz", tmp_path / "captions.tgz"
    with tarfile.open(images, "w:gz") as tar:
        tar.add(cub, "./CUB_200_2011")
    texts = {f"cvpr/text_c10/{p.replace('.jpg', '.txt')}": b"a bird.\n" for p in PATHS.values()}
    archive(captions, {**texts, "cvpr/images/a.t7": b"not needed"})
    pieces = []
    for piece, path in zip(CUB, (images, captions), strict=True):
        md5 = piece.source.md5 and hashlib.md5(path.read_bytes()).hexdigest()
        server = serve(path.read_bytes())
        pieces.append(
            Piece(piece.folder, Source(piece.source.name, server.url, md5), piece.members)
        )
    return tuple(pieces)


def test_fetching_gives_both_folders_and_a_second_time_changes_nothing(homes, tmp_path, capsys):
    to, cache = tmp_path / "data", tmp_path / "cache"
    fetch(to, cache, [], homes)
    assert sorted(p.name for p in to.iterdir()) == ["CUB_200_2011", "text_c10"]
    assert (to / "text_c10" / "003.Red_Finch" / "a.txt").read_bytes() == b"a bird.\n"
    assert f"4 images of 2 classes in {to}" in capsys.readouterr().out
    fetch(to, cache, [], homes)
    assert capsys.readouterr().out.count("exists already") == 2


def test_archives_downloaded_by_hand_need_no_network(homes, tmp_path, monkeypatch):
    by_hand = []
    for piece, name in zip(homes, ("images.tgz", "captions.tgz"), strict=True):
        (tmp_path / name).rename(tmp_path / piece.source.name)
        by_hand.append(tmp_path / piece.source.name)
    monkeypatch.setattr(gdown, "download", None)
    fetch(tmp_path / "data", tmp_path / "cache", by_hand, homes)
    assert (tmp_path / "data" / "text_c10").is_dir()


def test_an_archive_of_another_name_is_asked_to_be_renamed(homes, tmp_path):
    with pytest.raises(DataError, match=r"birds\.tgz is not one of .*cub\.tar\.gz; rename"):
        fetch(tmp_path / "data", tmp_path / "cache", [tmp_path / "birds.tgz"], homes)


def test_an_archive_without_the_folder_is_refused(homes, tmp_path):
    wrong = archive(tmp_path / "cvpr2016_cub.tar.gz", {"readme.txt": b"hello"})
    with pytest.raises(DataError, match="holds no text_c10: is it the right file"):
        fetch(tmp_path / "data", tmp_path / "cache", [wrong], homes)


def test_the_command_fails_with_one_line_without_a_network(tmp_path, monkeypatch, capsys):
    def unreachable(**options):
        raise gdown.exceptions.DownloadError("no route\nto host")

    monkeypatch.setattr(gdown, "download", unreachable)
    assert main(["fetch", "cub", "--to", str(tmp_path / "a"), "--cache", str(tmp_path / "b")]) == 1
    said = capsys.readouterr().err
    assert "CUB_200_2011.tgz" in said
    assert said.count("\n") == 1
