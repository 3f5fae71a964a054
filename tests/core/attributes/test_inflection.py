import inspect

import pytest

from fieldmarks.core.attributes.inflection import engine


@pytest.mark.parametrize(
    ("one", "several"),
    [("wing", "wings"), ("belly", "bellies"), ("foot", "feet"), ("leaf", "leaves")],
)
def test_nouns_are_inflected_there_and_back(one, several):
    assert engine().plural_noun(one) == several
    assert engine().singular_noun(several) == one


def test_articles_follow_the_sound():
    assert [engine().a(noun) for noun in ("bill", "eye")] == ["a bill", "an eye"]


def test_no_method_checks_the_types_of_its_arguments():
    methods = dict(inspect.getmembers(engine, inspect.isfunction))
    assert "plural_noun" in methods
    for name, method in methods.items():
        used = {*method.__code__.co_names, *method.__code__.co_freevars}
        assert not any("check_argument" in each for each in used), name
