import os
import signal
import threading
import time
import traceback
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace

import pytest
from sqlalchemy import create_engine, text

from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.errors import ConflictError, DatabaseError, DataError
from fieldmarks.core.review.verdicts import MAX_NOTE, Verdict, Verdicts
from tests.support import postgres, processes

pytestmark = pytest.mark.slow

PATH = "001.Albatross/one image, è.jpg"
forking = processes.context()


@pytest.fixture(scope="module")
def server():
    """The URL of a PostgreSQL server: a given one, or one started for these tests."""
    given = os.environ.get("FIELDMARKS_TEST_DB")
    if given:
        yield given
    elif postgres.find_binaries() or os.environ.get("FIELDMARKS_CI"):  # there it is not skipped
        with postgres.serve() as url:
            yield url
    else:
        pytest.skip("there is no PostgreSQL: apt-get install postgresql")


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/verdicts.sqlite"
        return
    url = request.getfixturevalue("server")
    yield url
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE IF EXISTS verdicts"))
    engine.dispose()


@pytest.fixture
def verdicts(url):
    with closing(Verdicts(url)) as verdicts:
        yield verdicts


def test_an_image_without_a_verdict_has_version_zero(verdicts):
    assert verdicts.get("birds", PATH) == Verdict("birds", PATH)


def test_a_saved_verdict_comes_back_as_it_was(verdicts):
    written = Verdict(
        "birds",
        PATH,
        Pattern.WRONG_LABEL,
        "looks like a gull 'é'; DROP TABLE",
        ("juvenile", "1%"),
        True,
        "Ana",
        "cub",
    )
    saved = verdicts.save(written)
    assert verdicts.get("birds", PATH) == saved
    assert saved == replace(written, version=1, saved_at=saved.saved_at)


def test_each_save_is_a_version_and_the_history_keeps_them_all(verdicts):
    first = verdicts.save(Verdict("birds", PATH, note="one"))
    second = verdicts.save(replace(first, note="two"))
    assert verdicts.history("birds", PATH) == [first, second]


def test_of_two_people_who_saw_the_same_version_the_second_is_told_and_loses_nothing(verdicts):
    ana = verdicts.save(Verdict("birds", PATH, note="Ana's", author="Ana"))
    with pytest.raises(ConflictError, match="Ana saved a verdict on") as caught:
        verdicts.save(Verdict("birds", PATH, note="Ben's", author="Ben"))
    assert caught.value.theirs == ana
    verdicts.save(Verdict("birds", PATH, note="Ben's", author="Ben", version=ana.version))
    assert [v.note for v in verdicts.history("birds", PATH)] == ["Ana's", "Ben's"]


def test_data_sets_do_not_mix(verdicts):
    verdicts.save(Verdict("birds", PATH, note="a bird", is_reviewed=True))
    assert verdicts.get("fungi", PATH).version == 0
    assert verdicts.latest("fungi").empty
    assert verdicts.progress("fungi", [PATH]) == (0, 1)


def test_progress_counts_the_latest_word_on_each_image(verdicts):
    for path in ("a.jpg", "b.jpg", "elsewhere.jpg"):
        verdicts.save(Verdict("birds", path, is_reviewed=True))
    verdicts.save(replace(verdicts.get("birds", "b.jpg"), is_reviewed=False))
    assert verdicts.progress("birds", ["a.jpg", "b.jpg", "c.jpg"]) == (1, 3)
    assert verdicts.latest("birds").loc["b.jpg", "version"] == 2


@pytest.mark.parametrize(
    ("verdict", "message"),
    [
        (Verdict("birds", PATH, pattern="bad luck"), "a pattern is one of discriminative"),
        (Verdict("birds", PATH, note="x" * (MAX_NOTE + 1)), "shorten it"),
    ],
)
def test_a_verdict_that_cannot_be_meant_is_refused(verdicts, verdict, message):
    with pytest.raises(DataError, match=message):
        verdicts.save(verdict)
    assert verdicts.history("birds", PATH) == []


def append(url: str, author: str, n: int) -> None:
    """Append n notes to one image, looking again after each conflict."""
    with closing(Verdicts(url)) as verdicts:
        for k in range(n):
            latest = verdicts.get("birds", PATH)
            while latest is not None:
                try:
                    verdicts.save(replace(latest, note=f"{author} {k}", author=author))
                    latest = None
                except ConflictError as conflict:
                    latest = conflict.theirs


def test_three_processes_writing_at_once_lose_nothing(url):
    writers = [
        forking.Process(target=append, args=(url, name, 20)) for name in ("Ana", "Ben", "Eva")
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(60)
    assert [writer.exitcode for writer in writers] == [0, 0, 0]
    with closing(Verdicts(url)) as verdicts:
        history = verdicts.history("birds", PATH)
    assert [v.version for v in history] == list(range(1, 61))
    for name in ("Ana", "Ben", "Eva"):
        assert [v.note for v in history if v.author == name] == [f"{name} {k}" for k in range(20)]


def append_and_tell(url: str, connection) -> None:
    """Append notes for ever, printing each version once it is saved."""
    verdicts = Verdicts(url)
    latest = verdicts.get("birds", PATH)
    while True:
        latest = verdicts.save(latest)
        connection.send(latest.version)


def test_what_a_killed_process_had_saved_is_there_and_the_next_one_goes_on(url):
    receiver, sender = forking.Pipe(duplex=False)
    writer = forking.Process(target=append_and_tell, args=(url, sender))
    writer.start()
    sender.close()
    assert receiver.recv() == 1
    time.sleep(0.2)
    os.kill(writer.pid, signal.SIGKILL)
    writer.join(10)
    told = 1
    try:
        while receiver.poll():
            told = receiver.recv()
    except EOFError:
        pass
    with closing(Verdicts(url)) as verdicts:
        latest = verdicts.get("birds", PATH)
        assert latest.version in (told, told + 1)  # it may have died between saving and printing
        assert verdicts.save(latest).version == latest.version + 1


def test_a_wrong_password_is_told_of_and_never_shown(server):
    if postgres.PASSWORD.replace(" ", "%20") not in server:
        pytest.skip("the given server may not ask for passwords")
    with pytest.raises(DatabaseError, match="password authentication failed") as caught:
        Verdicts(server.replace(postgres.PASSWORD.replace(" ", "%20"), "mis" + "typed"))
    assert "mistyped" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("note", "a\0b", "note holds characters that cannot be stored"),
        ("note", "a\ud800b", "note holds characters that cannot be stored"),
        ("author", "x" * 201, "author has at most 200 characters, got 201"),
        ("tags", ("x" * 10_001,), "tags has at most 10,000 characters"),
        ("path", "x" * 1001, "path has at most 1,000 characters"),
    ],
)
def test_texts_that_no_database_can_hold_are_refused(verdicts, field, value, message):
    with pytest.raises(DataError, match=message):
        verdicts.save(replace(Verdict("birds", PATH), **{field: value}))


def test_a_table_that_is_locked_is_told_of_within_seconds(server):
    url = server.replace("postgresql://", "postgresql+psycopg://")
    with closing(Verdicts(server)) as verdicts:
        engine = create_engine(url)
        try:
            with engine.begin() as connection:
                connection.execute(text("LOCK TABLE verdicts IN ACCESS EXCLUSIVE MODE"))
                started = time.monotonic()
                with pytest.raises(DatabaseError, match="lock timeout"):
                    verdicts.latest("birds")
                assert time.monotonic() - started < 6
        finally:
            engine.dispose()
        assert verdicts.latest("birds").empty


def test_a_statement_without_end_is_told_of(server, monkeypatch):
    monkeypatch.setattr("fieldmarks.core.review.database._STATEMENT", 1)
    endless = text("SELECT pg_sleep(60)")
    with (
        closing(Verdicts(server)) as verdicts,
        pytest.raises(DatabaseError, match="statement timeout"),
    ):
        verdicts._run(lambda connection: connection.execute(endless))


N_WRITERS, N_OF_EACH, N_IMAGES = 20, 4, 3


def judge(url: str, who: int) -> tuple[list[tuple], list[tuple]]:
    """Save tagged verdicts on a few images, undo every second; return what was saved and undone."""
    saved, undone = [], []
    with closing(Verdicts(url)) as verdicts:
        for k in range(N_OF_EACH):
            path = f"{(who + k) % N_IMAGES}.jpg"
            while True:
                latest = verdicts.get("birds", path)
                tags = (*latest.tags, f"{who}/{k}")
                try:
                    done = verdicts.save(replace(
                        latest, note=f"{who}/{k}", tags=tags, author=str(who), is_reviewed=True
                    ))  # fmt: skip
                    break
                except ConflictError:
                    continue
            saved.append((path, done.version, done.note, done.tags))
            if k % 2:
                try:
                    back = verdicts.undo(done)
                    undone.append((path, back.version, done.version))
                except ConflictError:  # somebody went on from there: theirs stays
                    continue
    return saved, undone


def test_twenty_writers_with_tags_and_undo_lose_and_double_nothing(url):
    with closing(Verdicts(url)) as verdicts:
        assert verdicts.versions("birds").empty
    is_read, stop = [], threading.Event()

    def read() -> None:
        """Read as the dashboard does: the latest verdicts, progress and all versions."""
        with closing(Verdicts(url)) as verdicts:
            while not stop.is_set():
                latest = verdicts.latest("birds")
                versions = verdicts.versions("birds")
                seen = versions.groupby("path")["version"].agg(list)
                assert all(sorted(each) == list(range(1, len(each) + 1)) for each in seen)
                assert latest.index.is_unique
                is_read.append(len(versions))

    with ThreadPoolExecutor(2) as readers:
        readings = [readers.submit(read) for _ in range(2)]
        try:
            with ProcessPoolExecutor(4, mp_context=forking) as processes:
                told = list(processes.map(judge_in_threads, [url] * 4, range(4)))
        finally:
            stop.set()
        for reading in readings:
            reading.result()
    saved = [each for some, _ in told for each in some]
    undone = [each for _, some in told for each in some]
    assert len(saved) == N_WRITERS * N_OF_EACH
    with closing(Verdicts(url)) as verdicts:
        histories = {f"{i}.jpg": verdicts.history("birds", f"{i}.jpg") for i in range(N_IMAGES)}
    # every version is one save or one undo that somebody was told of, and no other
    there = [(path, v.version) for path, history in histories.items() for v in history]
    assert sorted(there) == sorted([each[:2] for each in saved] + [each[:2] for each in undone])
    for history in histories.values():
        assert [v.version for v in history] == list(range(1, len(history) + 1))
    for path, version, note, tags in saved:
        as_saved = histories[path][version - 1]
        assert (as_saved.note, as_saved.tags) == (note, tags)
    for path, version, of in undone:
        assert version == of + 1, "an undo follows what it undoes: nobody's verdict lies between"
        after, before = histories[path][version - 1], histories[path][of - 2 : of - 1]
        assert (after.note, after.tags) == (
            (before[0].note, before[0].tags) if before else ("", ())
        )
    assert len(is_read) > 2


def judge_in_threads(url: str, process: int) -> tuple[list[tuple], list[tuple]]:
    """Judge as five of the twenty writers at once."""
    with ThreadPoolExecutor(N_WRITERS // 4) as pool:
        told = list(pool.map(lambda i: judge(url, 5 * process + i), range(N_WRITERS // 4)))
    return [each for some, _ in told for each in some], [each for _, some in told for each in some]
