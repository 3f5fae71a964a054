import ast

import pytest

from fieldmarks.precompute.pipeline.registry import STAGES
from tests.support.stage_sources import (
    MODULES,
    RECORD,
    code_digest,
    complaints,
    imports,
    modules_of,
    record,
    source,
)


def test_a_stage_whose_code_changed_has_a_new_version():
    assert complaints(RECORD.read_text("utf-8"), record()) == []


def test_a_stage_depends_on_earlier_ones_and_is_computed_by_a_function_that_is_there():
    names = list(STAGES)
    for i, stage in enumerate(STAGES.values()):
        assert set(stage.after) <= set(names[:i])
        tree = ast.parse(source(stage.module).read_text("utf-8"))
        functions = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
        assert stage.function in functions


def test_no_file_is_left_by_two_stages():
    estimators = {"estimates": ("a",), "evidence": ("a",), "other_estimators": ("b", "encoding")}
    planned = [stage.planned({}, {}, estimators.get(name, ())) for name, stage in STAGES.items()]
    names = [name for each in planned for name in each.names]
    assert len(names) == len(set(names))
    assert "evidence/a" in names
    assert "evidence/b" in names


def test_a_stage_includes_what_its_modules_import():
    assert "fieldmarks.core.causes.spurious_cue" in modules_of("diagnoses")
    assert "fieldmarks.core.scores.pck" in modules_of("scores")
    assert "fieldmarks.core.estimators.places" in modules_of("estimates")
    assert "fieldmarks.precompute.attributes.tag_rules" in modules_of("attributes")
    assert "fieldmarks.precompute.network.receptive_field" in modules_of("activations")
    assert not [name for name in modules_of("scores") if name.startswith("fieldmarks.core.run")]


def test_an_unknown_module_is_an_error():
    with pytest.raises(ModuleNotFoundError, match=r"core\.gone"):
        source("core.gone")
    with pytest.raises(ModuleNotFoundError):
        imports("fieldmarks.precompute.pipeline.stages.gone")


def test_a_docstring_and_a_comment_do_not_count_and_a_threshold_does():
    code = 'LIMIT = 0.5\n\ndef is_high(p):\n    """Say so."""\n    return p > LIMIT\n'
    reworded = '"""New."""\n' + code.replace("Say so.", "Tell.") + "# done\n"
    assert code_digest(code) != code_digest(code.replace("0.5", "0.6"))
    assert code_digest('"""Old."""\n' + code) == code_digest(reworded)


OLD = "scores 1\ndiagnoses 1\nmodule.a aaaa scores\nmodule.b bbbb scores diagnoses\n"


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (OLD, []),
        (OLD.replace("aaaa", "cccc"), ["module.a changed: raise the version of stage scores"]),
        (OLD.replace("bbbb", "cccc"), ["stage diagnoses", "stage scores"]),
        (OLD.replace("aaaa", "cccc").replace("scores 1", "scores 2"), ["update the digests"]),
    ],
)
def test_an_author_is_told_which_version_to_raise(now, expected):
    others = "".join(f"{s} 1\n" for s in MODULES if s not in ("scores", "diagnoses"))
    said = complaints(OLD + others, now + others)
    assert len(said) == len(expected)
    assert all(text in line for text, line in zip(expected, said, strict=True))
