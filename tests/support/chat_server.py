"""A server on this machine that speaks OpenAI's chat protocol, well or badly, for tests.

What it answers is scripted: a function of the request, or one fault after the other.
"""

import base64
import io
import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from PIL import Image

from tests.support.serving import serving


@dataclass(frozen=True)
class Request:
    """What was asked.

    Parameters
    ----------
    body : dict
    headers : dict
        By lower-case names.
    """

    body: dict
    headers: dict

    @property
    def text(self) -> str:
        return self.body["messages"][0]["content"][0]["text"]

    @property
    def pictures(self) -> list[Image.Image]:
        urls = [
            part["image_url"]["url"]
            for part in self.body["messages"][0]["content"]
            if part["type"] == "image_url"
        ]
        data = [base64.b64decode(url.partition("base64,")[2]) for url in urls]
        return [Image.open(io.BytesIO(each)) for each in data]

    @property
    def schema(self) -> dict | None:
        return self.body.get("response_format", {}).get("json_schema", {}).get("schema")


@dataclass(frozen=True)
class Fault:
    """An answer that is none.

    Parameters
    ----------
    status : int
    body : bytes
    headers : dict
    late : float
        Seconds before anything is sent.
    is_cut : bool
        The connection ends in the middle of the body.
    """

    status: int = 200
    body: bytes = b"{}"
    headers: dict = field(default_factory=dict)
    late: float = 0.0
    is_cut: bool = False


def error(status: int, message: str, **headers: str) -> Fault:
    body = json.dumps({"error": {"message": message}}).encode()
    return Fault(status, body, {name.replace("_", "-"): v for name, v in headers.items()})


def completion(content: object, finish: str = "stop", tokens: int = 300, **message) -> Fault:
    """Return a chat completion as servers send it."""
    told = {"role": "assistant", "content": content, **message}
    whole = {
        "object": "chat.completion",
        "choices": [{"index": 0, "message": told, "finish_reason": finish}],
        "usage": {"total_tokens": tokens},
    }
    return Fault(body=json.dumps(whole).encode())


Answers = Callable[[Request], "str | dict | Fault"]


class ChatServer(ThreadingHTTPServer):
    """Answers by a function; faults are given first, one a request."""

    daemon_threads = True

    def __init__(self, answers: Answers, faults: list[Fault], models: list[str]):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers, self.faults, self.models = answers, list(faults), models
        self.requests: list[Request] = []
        self.lock = threading.Lock()
        self.n_at_once = self.most_at_once = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def handle_error(self, request, client_address) -> None:
        """A client that went away is not a fault of the test."""


class _Handler(BaseHTTPRequestHandler):
    server: ChatServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        listed = {"data": [{"id": name} for name in self.server.models]}
        self._send(Fault(body=json.dumps(listed).encode()))

    def do_POST(self) -> None:
        of = self.server
        length = int(self.headers["content-length"])
        headers = {name.lower(): value for name, value in self.headers.items()}
        request = Request(json.loads(self.rfile.read(length)), headers)
        with of.lock:
            of.requests.append(request)
            of.n_at_once += 1
            of.most_at_once = max(of.most_at_once, of.n_at_once)
            fault = of.faults.pop(0) if of.faults else None
        answer = fault or of.answers(request)
        if not isinstance(answer, Fault):
            answer = completion(answer if isinstance(answer, str) else json.dumps(answer))
        time.sleep(answer.late)
        with of.lock:
            of.n_at_once -= 1
        self._send(answer)

    def _send(self, answer: Fault) -> None:
        self.send_response(answer.status)
        for name, value in {"content-type": "application/json", **answer.headers}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body[: len(answer.body) // 2] if answer.is_cut else answer.body)
        if answer.is_cut:
            self.close_connection = True

    def log_message(self, *args) -> None:
        """Say nothing."""


@contextmanager
def chat_server(
    answers: Answers, faults: list[Fault] | None = None, models: tuple[str, ...] = ("painter:1b",)
) -> Iterator[ChatServer]:
    """Run a server in a thread for the time of a test."""
    server = ChatServer(answers, faults or [], list(models))
    with serving(server):
        yield server


def colour_of(picture: Image.Image) -> str:
    """Return what a model that sees colours alone says of a picture."""
    red, green, blue = picture.convert("RGB").resize((1, 1), Image.Resampling.BOX).getpixel((0, 0))
    if red > green + 30 and red > blue + 30:
        return "red"
    return "blue" if blue > red + 30 else "grey"


def seeing(request: Request) -> dict:
    """Answer as a model does that sees the colour and keeps to the schema."""
    if "parts" in (request.schema or {}).get("properties", {}):
        return {"parts": ["upper", "sole"]}
    parts = list((request.schema or {"properties": {"upper": {}}})["properties"])
    return {part: f"{colour_of(request.pictures[0])}, plain" for part in parts}
