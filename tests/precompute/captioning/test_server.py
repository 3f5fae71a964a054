"""Chat servers: late, cut, malformed, refusing, at a rate limit; where pictures may go; the key."""

import io
import json
import threading

import pytest
from PIL import Image

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.captioning import prompt
from fieldmarks.precompute.captioning.server import Server, UnansweredError
from tests.support.chat_server import Fault, chat_server, completion, error, seeing

RED = Image.new("RGB", (20, 10), (200, 30, 30))
TEXT, SCHEMA = prompt.seen_prompt(["upper"])
GOOD = {"upper": "red, plain"}


@pytest.fixture
def client():
    """Return a function that makes a client of a server; all are closed at the end."""
    made = []

    def make(server, **settings) -> Server:
        settings = {"timeout": 5.0, "first_wait": 0.001, "tries": 3, **settings}
        made.append(Server(server.url, "painter:1b", **settings))
        return made[-1]

    yield make
    for each in made:
        each.close()


def test_a_server_is_sent_the_picture_the_text_and_the_schema(client):
    with chat_server(seeing) as server:
        answer = client(server).ask(TEXT, [RED], SCHEMA)
    assert json.loads(answer.text) == GOOD
    assert answer.n_tokens == 300
    (request,) = server.requests
    assert request.schema == SCHEMA
    assert request.text == TEXT
    assert request.pictures[0].size == RED.size
    assert request.body["temperature"] == 0


TWICE = {
    "busy": error(503, "loading the model"),
    "rate limit": error(429, "slow down", retry_after="0"),
    "rate limit by date": error(429, "slow down", retry_after="Wed, 21 Oct 2015 07:28:00 GMT"),
    "cut": Fault(body=completion("{}").body, is_cut=True),
    "no JSON": Fault(body=b"<html>bad gateway</html>"),
    "no choices": Fault(body=b'{"choices": []}'),
    "choices of another kind": Fault(body=b'{"choices": {"a": 1}}'),
    "nested without end": Fault(body=b"[" * 100_000),
    "null": Fault(body=b"null"),
}


@pytest.mark.parametrize("fault", TWICE.values(), ids=TWICE)
def test_what_may_be_answered_later_is_asked_again(fault, client):
    with chat_server(seeing, [fault, fault]) as server:
        answer = client(server).ask(TEXT, [RED], SCHEMA)
    assert json.loads(answer.text) == GOOD
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (error(500, "out of memory"), "127.0.0.1 answers 500: out of memory"),
        (Fault(body=b"{"), "127.0.0.1 gave an answer that is not a chat completion"),
        (Fault(late=0.6), "127.0.0.1 gave no answer in 0.2 s"),
        (Fault(body=b"x" * 2_000_000), "127.0.0.1 does not end its answer"),
        (Fault(body=b"{}" * 10, is_cut=True), "127.0.0.1 cannot be reached"),
    ],
)
def test_what_is_never_answered_is_told_after_all_tries(fault, message, client):
    with (
        chat_server(seeing, [fault] * 3) as server,
        pytest.raises(UnansweredError, match=message),
    ):
        client(server, timeout=0.2).ask(TEXT, [RED], SCHEMA)
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        (error(401, "Incorrect API key provided: secret-7"), "refuses access .401.*--key-env"),
        (error(403, "no"), "refuses access .403."),
        (error(404, "no model"), "no 'painter:1b' .*; it has painter:1b, llama"),
        (Fault(307, headers={"location": "http://192.0.2.1/"}), "sends requests elsewhere .307."),
    ],
)
def test_what_no_request_will_be_answered_to_is_not_asked_again(fault, message, client):
    models = ("painter:1b", "llama")
    with (
        chat_server(seeing, [fault], models) as server,
        pytest.raises(DataError, match=message) as told,
    ):
        client(server, key="secret-7").ask(TEXT, [RED], SCHEMA)
    assert "secret-7" not in str(told.value)
    assert len(server.requests) == 1


def test_a_server_that_keeps_to_no_schema_is_asked_without_from_then_on(client):
    def old(request):
        used = request.body.get("response_format", {}).get("type", "text")
        if used != "text":
            return error(400, f"unknown response_format {used}")
        return GOOD

    with chat_server(old) as server:
        asked = client(server)
        assert [json.loads(asked.ask(TEXT, [RED], SCHEMA).text) for _ in range(2)] == [GOOD, GOOD]
    used = [each.body.get("response_format", {}).get("type", "text") for each in server.requests]
    assert used == ["json_schema", "json_object", "text", "text"]


def test_parameters_that_a_model_refuses_are_renamed_or_left_out(client):
    def newest(request):
        for name in ("max_tokens", "temperature"):
            if name in request.body:
                return error(400, f"Unsupported parameter: '{name}'")
        return GOOD

    with chat_server(newest) as server:
        client(server).ask(TEXT, [RED], SCHEMA)
    last = server.requests[-1].body
    assert last["max_completion_tokens"] == 500
    assert "temperature" not in last
    assert last["response_format"]["type"] == "json_schema"


def test_a_request_that_is_wrong_in_itself_ends(client):
    with (
        chat_server(lambda _: error(400, "the picture is too large")) as server,
        pytest.raises(UnansweredError, match="answers 400: the picture is too large"),
    ):
        client(server).ask(TEXT, [RED], SCHEMA)
    assert len(server.requests) == 3  # one for each way to ask for JSON


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (completion("<think>it is\nred</think>\n{}"), "{}"),
        (completion([{"type": "text", "text": "{}"}]), "{}"),
        (completion(None, refusal="I cannot."), "I cannot."),
        (completion('{"upper": "re', "length"), '{"upper": "re'),
        (completion("{}", tokens="many"), "{}"),
    ],
)
def test_texts_of_all_kinds_are_read(answer, text, client):
    with chat_server(seeing, [answer]) as server:
        assert client(server).ask(TEXT, [RED], SCHEMA).text == text


def test_a_model_that_thinks_beyond_its_tokens_is_told(client):
    with (
        chat_server(seeing, [completion("<think>it may be", "length")]) as server,
        pytest.raises(UnansweredError, match=r"used up 500 tokens .* --max-tokens"),
    ):
        client(server).ask(TEXT, [RED], SCHEMA)


@pytest.mark.parametrize(
    ("url", "allowed", "message"),
    [
        (
            "https://api.example.com/v1",
            None,
            "for api.example.com: add --send-pictures-to api",
        ),
        ("http://192.168.0.9:11434/v1", "192.168.0.8", "for 192.168.0.9: add --send-pictures-to"),
        ("http://localhost.example.com/v1", None, "for localhost.example.com"),
        ("http://127.0.0.1@example.com/v1", None, "holds a password for example.com"),
        ("http://me:secret-7@localhost/v1", None, "holds a password for localhost"),
        ("localhost:11434", None, "an address such as http://localhost:11434/v1"),
        ("file:///etc/passwd", None, "an address such as"),
        ("http://", None, "an address such as"),
        ("http://[::1/v1", None, "an address such as"),
    ],
)
def test_pictures_go_to_no_host_that_was_not_named(url, allowed, message):
    with pytest.raises(DataError, match=message) as told:
        Server(url, "any", pictures_to=allowed)
    assert "secret-7" not in str(told.value)


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("http://localhost:11434/v1", None),
        ("http://[::1]:11434/v1", None),
        ("http://127.0.0.1:8000/v1/", None),
        ("https://api.example.com/v1", "api.example.com"),
    ],
)
def test_this_machine_and_the_host_that_was_named_are_taken(url, allowed):
    assert Server(url, "any", pictures_to=allowed).host


def test_the_key_is_sent_and_shown_nowhere(monkeypatch, client):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    echo = error(500, "bad key secret-7")
    with chat_server(seeing, [echo] * 3) as server:
        asked = client(server, key="secret-7")
        with pytest.raises(UnansweredError) as told:
            asked.ask(TEXT, [RED], SCHEMA)
        assert json.loads(asked.ask(TEXT, [RED], SCHEMA).text) == GOOD
    assert server.requests[-1].headers["authorization"] == "Bearer secret-7"
    assert "secret-7" not in str(told.value) + repr(asked)


def test_it_is_asked_from_several_threads(client):
    with chat_server(lambda _: completion(json.dumps(GOOD))) as server:
        asked = client(server)
        threads = [threading.Thread(target=asked.ask, args=(TEXT, [RED], SCHEMA)) for _ in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(server.requests) == 6


def test_the_picture_is_a_jpeg_of_the_given_pixels(client):
    with chat_server(seeing) as server:
        client(server).ask(TEXT, [RED], SCHEMA)
    picture = server.requests[0].pictures[0]
    assert picture.format == "JPEG"
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    assert max(abs(a - b) for a, b in zip(picture.getpixel((5, 5)), (200, 30, 30), strict=True)) < 9
