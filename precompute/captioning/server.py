"""A chat server that speaks OpenAI's protocol: Ollama, vLLM, LM Studio, llama.cpp, OpenAI itself.

Pictures go to this machine only, unless a person names the host that they may go to. The key comes
from an environment variable; it is neither written to a file nor shown in a message.
"""

import base64
import io
import ipaddress
import json
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import NamedTuple

import httpx
from PIL import Image
from tenacity import RetryCallState, Retrying, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_random_exponential

from fieldmarks.core.errors import DataError, FieldmarksError, one_line

#: Bytes of an answer; a caption has a few hundred.
MAX_ANSWER = 1_000_000
#: Seconds waited for at most before the next try, whatever a server asks for.
MAX_WAIT = 60.0
#: Statuses after which a server may answer yet.
_AGAIN = frozenset({408, 409, 425, 429, 500, 502, 503, 504, 529})
_QUALITY = 90
_THOUGHTS = re.compile(r"<think>.*?(?:</think>|\Z)", re.DOTALL | re.IGNORECASE)
#: What some servers or models refuse, and what they take in its place.
_RENAMED = {"max_tokens": "max_completion_tokens", "temperature": None, "seed": None}


class UnansweredError(FieldmarksError):
    """A server gave no usable answer to one request; the next may be answered."""


class _LaterError(UnansweredError):
    def __init__(self, message: str, wait: float | None = None):
        super().__init__(message)
        self.wait = wait


class Answer(NamedTuple):
    """What a model wrote.

    Parameters
    ----------
    text : str
    is_cut : bool
        Whether it ends because it became too long.
    n_tokens : int
        Read and written, as far as the server says.
    """

    text: str
    is_cut: bool = False
    n_tokens: int = 0


def require_host(url: str, pictures_to: str | None, sent: str = "pictures") -> str:
    """Return the host of a server's address; one that is not this machine must have been named.

    Raises
    ------
    DataError
        If the address is not a http address, holds a password, or its host was not allowed.

    >>> require_host("http://localhost:11434/v1", None)
    'localhost'
    """
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError):
        parsed = httpx.URL("")
    host = parsed.host
    if parsed.scheme not in ("http", "https") or not host:
        raise DataError(
            f"--server is an address such as http://localhost:11434/v1, got {parsed.scheme}://{host}"
            if parsed.userinfo
            else f"--server is an address such as http://localhost:11434/v1, got {url!r}"
        )
    if parsed.userinfo:
        raise DataError(
            f"--server holds a password for {host}: leave it out, and name the environment "
            "variable that holds the key by --key-env"
        )
    if not is_this_machine(host) and host != pictures_to:
        raise DataError(
            f"the {sent} would leave this machine for {host}: add --send-{sent}-to {host} if "
            "they may"
        )
    return host


def is_this_machine(host: str) -> bool:
    """Whether a host is the machine itself by its very name or number.

    >>> [is_this_machine(host) for host in ("localhost", "127.0.0.5", "::1", "192.168.0.2", "pc")]
    [True, True, True, False, False]
    """
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


@dataclass
class Server:
    """Asks one model of a server; safe to call from several threads.

    Parameters
    ----------
    url : str
        Up to and with ``/v1``.
    model : str
    key : str, optional
    pictures_to : str, optional
        The host that pictures may go to where it is not this machine.
    timeout : float
        Seconds until an answer must be whole.
    tries : int
        For each request, with growing pauses.
    max_tokens : int
        Of an answer.
    first_wait : float
        Seconds before the second try, about; then twice as long each time.
    sent : str
        What is sent, for the message: pictures, or names of classes only.
    """

    url: str
    model: str
    key: str | None = field(default=None, repr=False)
    pictures_to: str | None = None
    timeout: float = 120.0
    tries: int = 5
    max_tokens: int = 500
    first_wait: float = 1.0
    sent: str = "pictures"

    def __post_init__(self):
        self.host = require_host(self.url, self.pictures_to, self.sent)
        headers = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        self._http = httpx.Client(
            headers=headers,
            timeout=httpx.Timeout(self.timeout, connect=min(self.timeout, 10.0)),
            # an answer that sends a picture on to another host is an error, and what goes to this
            # machine goes through no proxy
            follow_redirects=False,
            trust_env=not is_this_machine(self.host),
        )
        self._grows = wait_random_exponential(multiplier=self.first_wait, max=MAX_WAIT)
        self._formats = ["json_schema", "json_object", "text"]
        self._refused: set[str] = set()

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def ask(self, text: str, pictures: Sequence[Image.Image], schema: dict | None) -> Answer:
        """Return the model's answer to a text with pictures.

        Parameters
        ----------
        text : str
        pictures : sequence of PIL.Image
        schema : dict, optional
            JSON schema of the answer. A server that takes none is asked without, so the text has to
            say it too.

        Raises
        ------
        UnansweredError
            If there is no usable answer after all tries.
        DataError
            If there will be none to any request: no such model, a refused key.
        """
        content: list[dict] = [{"type": "text", "text": text}]
        content += [
            {"type": "image_url", "image_url": {"url": _data_url(each)}} for each in pictures
        ]
        messages = [{"role": "user", "content": content}]
        trying = Retrying(
            retry=retry_if_exception_type(_LaterError),
            wait=self._wait,
            stop=stop_after_attempt(self.tries),
            reraise=True,
        )
        return trying(self._adapted, messages, schema)

    def _wait(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        asked = getattr(error, "wait", None)
        return self._grows(state) if asked is None else min(asked, MAX_WAIT)

    def _adapted(self, messages: list, schema: dict | None) -> Answer:
        """Ask once, and again without what the server does not take."""
        while True:
            used = self._formats[0] if schema is not None else "text"
            refused = set(self._refused)
            status, headers, data = self._post(self._body(messages, schema, used, refused))
            if status in (400, 422) and self._adapt(data, used, refused):
                continue
            return self._answer(status, headers, data)

    def _body(self, messages: list, schema: dict | None, used: str, refused: set[str]) -> dict:
        body: dict = {"model": self.model, "messages": messages}
        for name, value in {"max_tokens": self.max_tokens, "temperature": 0, "seed": 0}.items():
            sent = _RENAMED[name] if name in refused else name
            if sent is not None:
                body[sent] = value
        if used == "json_schema":
            named = {"name": "seen", "strict": True, "schema": schema}
            body["response_format"] = {"type": "json_schema", "json_schema": named}
        elif used == "json_object":
            body["response_format"] = {"type": "json_object"}
        return body

    def _adapt(self, data: bytes, used: str, refused: set[str]) -> bool:
        """Whether something can be left out that the server may have refused."""
        said = data.decode("utf-8", "replace").lower()
        named = next((name for name in _RENAMED if name in said and name not in refused), None)
        if named is not None:
            self._refused.add(named)
            return True
        if used == "text":
            return False
        if used in self._formats and len(self._formats) > 1:
            self._formats = self._formats[self._formats.index(used) + 1 :]
        return True

    def _post(self, body: dict) -> tuple[int, httpx.Headers, bytes]:
        url, ends = f"{self.url.rstrip('/')}/chat/completions", time.monotonic() + self.timeout
        try:
            with self._http.stream("POST", url, json=body) as response:
                data = b""
                for part in response.iter_bytes():
                    data += part
                    if len(data) > MAX_ANSWER or time.monotonic() > ends:
                        raise _LaterError(f"{self.host} does not end its answer")
                return response.status_code, response.headers, data
        except httpx.TimeoutException:
            raise _LaterError(f"{self.host} gave no answer in {self.timeout:g} s") from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise _LaterError(f"{self.host} cannot be reached ({self._told(error)})") from None

    def _answer(self, status: int, headers: httpx.Headers, data: bytes) -> Answer:
        if status in _AGAIN:
            raise _LaterError(
                f"{self.host} answers {status}: {self._message(data)}", _retry_after(headers)
            )
        if status in (401, 403):
            raise DataError(
                f"{self.host} refuses access ({status}): name the environment variable that holds "
                "its key by --key-env"
            )
        if status == 404:
            raise DataError(
                f"{self.host} has no {self.model!r} at {self.url} (404){self._models()}"
            )
        if 300 <= status < 400:
            raise DataError(f"{self.host} sends requests elsewhere ({status}): give that address")
        if status != 200:
            raise UnansweredError(f"{self.host} answers {status}: {self._message(data)}")
        try:
            whole = json.loads(data)
            choice = whole["choices"][0]
            message = choice["message"]
            text = message.get("content") or message.get("refusal") or ""
            if isinstance(text, list):
                text = "".join(str(part.get("text", "")) for part in text)
            is_cut = choice.get("finish_reason") == "length"
            tokens = (whole.get("usage") or {}).get("total_tokens") or 0
            n_tokens = tokens if isinstance(tokens, int) else 0
            text = _THOUGHTS.sub("", text).strip()
        except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
            raise _LaterError(f"{self.host} gave an answer that is not a chat completion") from None
        if is_cut and not text:
            raise UnansweredError(
                f"{self.model} used up {self.max_tokens} tokens before it answered: raise "
                "--max-tokens"
            )
        return Answer(text, is_cut, n_tokens)

    def _message(self, data: bytes) -> str:
        """Return what a server says of an error, in short; servers repeat keys."""
        try:
            told = json.loads(data)["error"]
            told = told.get("message", told) if isinstance(told, dict) else told
        except (ValueError, LookupError, TypeError, RecursionError):
            told = data[:200].decode("utf-8", "replace")
        return self._told(ValueError(str(told)))

    def _told(self, error: Exception) -> str:
        text = one_line(error)
        return text.replace(self.key, "(the key)") if self.key else text

    def _models(self) -> str:
        try:
            listed = self._http.get(f"{self.url.rstrip('/')}/models", timeout=10.0).json()
            names = [str(each["id"]) for each in listed["data"]][:8]
        except (httpx.HTTPError, ValueError, LookupError, TypeError):
            return ""
        return f"; it has {', '.join(names)}" if names else ""


def _data_url(picture: Image.Image) -> str:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=_QUALITY)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _retry_after(headers: httpx.Headers) -> float | None:
    """Return the seconds that a server asks for, as a number or as a date."""
    value = headers.get("retry-after", "")
    try:
        return max(0.0, float(value))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - time.time())
    except (ValueError, TypeError):
        return None
