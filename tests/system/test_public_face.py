"""The functions of core for a notebook, and the lines of the README that use them."""

import re
import subprocess
import sys

import numpy as np
import pytest

import fieldmarks as fm
from fieldmarks import contrast, describe, explain, ground, open_run
from fieldmarks.core.errors import MissingRunError
from tests.system.test_docs import README, ROOT


def test_importing_the_package_is_light():
    code = (
        "import fieldmarks, sys; print(any(m in sys.modules for m in ('numpy', 'pandas', 'scipy')))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout.strip() == "False", done.stderr


@pytest.mark.parametrize("name", sorted(fm._FUNCTIONS))
def test_every_public_function_is_there_and_documented(name):
    function = getattr(fm, name)
    assert callable(function)
    assert name in dir(fm)
    assert function.__doc__


@pytest.mark.slow
def test_the_lines_of_the_readme_run(run, monkeypatch, capsys):
    monkeypatch.setenv("FIELDMARKS_RUNS", str(run.folder.parent))
    section = README.split("## Five lines of Python")[1]
    lines = re.search(r"```python\n(.+?)```", section, re.DOTALL)[1]
    names = {}
    exec(compile(lines.replace('"demo"', repr(run.name)), "README.md", "exec"), names)
    assert capsys.readouterr().out.startswith("This is a Class ")
    assert names["heatmap"].shape == (112, 112)


def test_a_function_that_is_not_there_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        fm.nonsense  # noqa: B018


def test_an_image_is_explained_as_predicted_unless_told_otherwise(run):
    predicted = int(run.images["predicted_c"][3])
    assert explain(run, 3).sentence == explain(run, 3, predicted).sentence


def test_an_attribute_goes_by_its_phrase(run):
    phrase = str(run.attributes["phrase"][2])
    np.testing.assert_array_equal(ground(run, 3, phrase), ground(run, 3, 2))
    with pytest.raises(MissingRunError, match="no attribute 'purple zebra'"):
        ground(run, 3, "purple zebra")


def test_two_explanations_are_compared_and_a_class_described(run):
    assert open_run(run.name, run.folder.parent).name == run.name
    assert "rather than" in contrast(run, explain(run, 3, 0), explain(run, 3, 1)).sentence
    assert describe(run, 1).sentence
