"""What writes captions: a model asked through a server, or one that runs here."""

from collections.abc import Sequence
from typing import Protocol

from PIL import Image

from fieldmarks.precompute.captioning.server import Answer, Server, UnansweredError


class Writer(Protocol):
    """A model that answers to pictures.

    Attributes
    ----------
    name : str
        Of the model.
    follows_prompts : bool
        Whether it can be asked for something: a captioner writes what it writes.
    batch_size : int
        Pictures at a time.
    parallel : int
        Calls at a time; with 1 it is called from the thread that made it.
    """

    name: str
    follows_prompts: bool
    batch_size: int
    parallel: int

    def write(
        self, pictures: Sequence[Image.Image], text: str, schema: dict | None
    ) -> list[Answer | UnansweredError]:
        """Return the answer to each picture, asked the same."""
        ...

    def ask(self, pictures: Sequence[Image.Image], text: str, schema: dict | None) -> Answer:
        """Return the answer to a text with all these pictures."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""


class ServerWriter:
    """Asks a server, several pictures at a time, each by itself.

    Parameters
    ----------
    server : Server
    parallel : int
        Requests at a time.
    """

    follows_prompts = True
    batch_size = 1

    def __init__(self, server: Server, parallel: int = 4):
        self.server, self.parallel = server, parallel
        self.name = server.model

    def write(
        self, pictures: Sequence[Image.Image], text: str, schema: dict | None
    ) -> list[Answer | UnansweredError]:
        """Return the answer to each picture; see `Writer`."""
        answers: list[Answer | UnansweredError] = []
        for picture in pictures:
            try:
                answers.append(self.server.ask(text, [picture], schema))
            except UnansweredError as error:
                answers.append(error)
        return answers

    def ask(self, pictures: Sequence[Image.Image], text: str, schema: dict | None) -> Answer:
        """Return the answer to a text with all these pictures."""
        return self.server.ask(text, pictures, schema)

    def close(self) -> None:
        """Close the connections."""
        self.server.close()
