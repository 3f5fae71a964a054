"""What a model is asked for, and how its answer is read: adjectives of parts, never the class."""

import json
import re
from collections.abc import Sequence

from fieldmarks.core.input_file import from_json
from fieldmarks.precompute.attributes.synonyms import singular

#: Raised when the texts change, so that one file never holds captions of two prompts.
VERSION = 1
#: Parts that are asked for at most.
MAX_PARTS = 16

_SEEN = (
    "Describe the main object of this picture by what can be seen. For each of its parts give the "
    "adjectives that fit: colour, pattern, shape, size, material. One to four plain English "
    "adjectives of which you are sure, separated by commas. Give an empty text for a part that is "
    "hidden, missing or unclear. Never name the kind, species, type or brand of the object. Say "
    "nothing about the background, the picture itself, numbers, or what is absent. "
    "Answer only with JSON of this form: "
)
_PARTS = (
    "These pictures are of objects of several kinds, which are told apart by what can be seen. "
    "Name 6 to 12 parts that most of these objects have and that differ in colour, pattern, shape, "
    "size or material. One common English noun in the singular each. No name of a kind of object, "
    'nothing of the background. Answer only with JSON of this form: {"parts": ["...", "..."]}'
)
_VOCABULARY = (
    "Objects of these classes are told apart in photographs: %s. Write %d short phrases for what "
    "can be seen in one photograph of such an object: an adjective and the noun of a part each, "
    'such as "striped wing". Colours, patterns, shapes, sizes and materials of parts, each phrase '
    "true of some objects and false of others. Never a name of a class or kind, nothing of the "
    'background, nothing negated. Answer only with JSON of this form: {"phrases": ["...", "..."]}'
)
_PAIR = re.compile(r'"((?:[^"\\]|\\.)*)"\s*:\s*(?:"((?:[^"\\]|\\.)*)"|\[([^\]]*)\])')
_TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


def seen_prompt(parts: Sequence[str]) -> tuple[str, dict]:
    """Return the request for the looks of parts, and the JSON schema of its answer."""
    schema = {
        "type": "object",
        "properties": {part: {"type": "string"} for part in parts},
        "required": list(parts),
        "additionalProperties": False,
    }
    return _SEEN + json.dumps(dict.fromkeys(parts, "")), schema


def parts_prompt() -> tuple[str, dict]:
    """Return the request for parts, and the JSON schema of its answer."""
    return _PARTS, _list_schema("parts")


def vocabulary_prompt(class_names: Sequence[str], n: int) -> tuple[str, dict]:
    """Return the request for phrases that distinguish classes, and its JSON schema."""
    return _VOCABULARY % (", ".join(class_names), n), _list_schema("phrases")


def _list_schema(name: str) -> dict:
    return {
        "type": "object",
        "properties": {name: {"type": "array", "items": {"type": "string"}}},
        "required": [name],
        "additionalProperties": False,
    }


def looks_in(text: str, parts: Sequence[str]) -> dict[str, str] | None:
    """Return the adjectives of each part in an answer, None where it is not JSON of parts.

    JSON may stand in a fence or among prose, and may be cut; a value may be a list.

    >>> looks_in('Sure! {"wing": "grey, striped", "tail": ["long"], "be', ["wing", "tail", "beak"])
    {'wing': 'grey, striped', 'tail': 'long'}
    """
    start, end = text.find("{"), text.rfind("}")
    if start < 0:
        return None
    try:
        read = from_json(text[start : end + 1])
        pairs = list(read.items()) if isinstance(read, dict) else []
    except (ValueError, RecursionError):
        pairs = [
            (name, value if value or not listed else _TEXT.findall(listed))
            for name, value, listed in _PAIR.findall(text[start:])
        ]
    known = {_plain(part): part for part in parts}
    looks: dict[str, str] = {}
    for name, value in pairs:
        part = known.get(_plain(name)) or known.get(singular(_plain(name)))
        if part is None or part in looks:
            continue
        if isinstance(value, list):
            value = ", ".join(each for each in value if isinstance(each, str))
        if isinstance(value, str):
            looks[part] = value
    return looks or None


def list_in(text: str) -> list[str]:
    r"""Return the texts of an answer that is a list: in JSON, or a line or comma each.

    >>> list_in('{"parts": ["Wing", "tail"]}'), list_in("1. wing\n2. tail")
    (['Wing', 'tail'], ['wing', 'tail'])
    """
    start = text.find("[")
    if start >= 0 and (found := _TEXT.findall(text[start:])):
        return found
    lines = text.splitlines() if "\n" in text.strip() else text.split(",")
    items = (re.sub(r"^[\s\d.)*•-]+|[\s.\"]+$", "", line) for line in lines)
    return [item for item in items if item]


def _plain(name: object) -> str:
    return " ".join(str(name).lower().replace("_", " ").split())
