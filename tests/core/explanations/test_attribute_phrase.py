"""Attributes are written as sentences have them."""

from fieldmarks.core.explanations.attribute_phrase import attribute_phrase
from tests.support.synthetic_run import write_synthetic_run


def test_an_attribute_is_written_as_in_a_sentence(tmp_path):
    run = write_synthetic_run(tmp_path, T=32)
    phrase = {row["phrase"]: attribute_phrase(run, t) for t, row in run.attributes.iterrows()}
    assert phrase["yellow head"] == "yellow head"
    assert phrase["yellow wing"] == "yellow wings"
