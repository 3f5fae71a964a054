"""Errors for the user: one base, and one line of what a library says."""

import pytest

from fieldmarks.core import errors
from fieldmarks.core.errors import ConflictError, FieldmarksError, one_line

KINDS = [
    errors.RunError,
    errors.MissingRunError,
    errors.WordlessError,
    errors.DataError,
    errors.ModelError,
    errors.DatabaseError,
    errors.ConflictError,
]


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_raised_on_purpose_can_be_caught_as_one(kind):
    assert issubclass(kind, FieldmarksError)


def test_every_kind_of_error_is_listed_here():
    defined = {each for each in vars(errors).values() if isinstance(each, type)}
    assert defined == {FieldmarksError, *KINDS}


def test_a_conflict_keeps_what_the_other_user_saved():
    conflict = ConflictError("Ana saved a verdict in the meantime", theirs="Ana's")
    assert conflict.theirs == "Ana's"
    assert str(conflict) == "Ana saved a verdict in the meantime"


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (ValueError("\n  no such layer\nTraceback"), "no such layer"),
        (ValueError("x" * 500), "x" * 160),
        (ValueError("   "), "ValueError"),
        (EOFError(), "EOFError"),
        (KeyError("name"), "'name'"),
    ],
)
def test_the_message_of_a_library_becomes_one_line(error, line):
    assert one_line(error) == line
