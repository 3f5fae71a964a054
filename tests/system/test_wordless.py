"""A run without captions, and words that are added to it later."""

import shutil

import numpy as np
import pytest

import fieldmarks as fm
from fieldmarks.core.causes.diagnosis import write_diagnoses
from fieldmarks.core.causes.finding import Pattern
from fieldmarks.core.causes.suspects import suspects
from fieldmarks.core.errors import DataError, WordlessError
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.scores.result import read_evaluation
from fieldmarks.core.scores.text_tables import tables
from fieldmarks.precompute.network.forward import Forward
from tests.support.faulty_run import WRONG_LABELS
from tests.support.tiny_birds import computed, run_tiny, write_tiny_birds
from tests.support.wordless_run import write_wordless_run

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def birds(tmp_path_factory):
    """A data set whose captions lie apart from it, and a run without them."""
    folder = write_tiny_birds(tmp_path_factory.mktemp("birds"))
    shutil.move(folder / "text_c10", folder / "later")
    run_tiny(folder, folder / "runs", is_scored=True, is_live=True)
    return folder


@pytest.fixture(scope="module")
def made(birds):
    return read_run(birds / "runs" / "tiny")


@pytest.fixture
def network_calls(monkeypatch):
    """How often the network was run since."""
    calls = []
    for name in ("__call__", "scores"):
        asked = getattr(Forward, name)

        def counted(self, *args, asked=asked, **kwargs):
            calls.append(asked)
            return asked(self, *args, **kwargs)

        monkeypatch.setattr(Forward, name, counted)
    return calls


def test_a_run_without_captions_has_all_but_words(made):
    assert made.sizes["T"] == 0
    assert not made.has_words
    assert made.estimators == []
    assert made.counts.shape == (45, 0)
    assert made.captions(0) == []
    assert len(made.failures)
    assert made.maps(0).shape == (made.sizes["F"], made.sizes["H"], made.sizes["W"])
    for name in ("top_images", "canonical", "layout", "neighbour_distance", "pooled"):
        assert len(made.array(name))
    assert np.isfinite(made.filters["selectivity"]).all()
    assert (made.filters["name_t"] == -1).all()


def test_its_scores_are_the_accuracy(made):
    evaluation = read_evaluation(made)
    right = made.is_right[made.is_test].mean()
    assert evaluation.scored.accuracy.value == pytest.approx(100 * right)
    assert evaluation.scored.captioned == 0
    assert "the run has no words" in tables(evaluation)


def test_causes_that_need_no_words_are_looked_for(made):
    diagnoses = made.table("diagnoses")
    assert (diagnoses["image_quality"] > 0).any()
    assert (diagnoses["missing_feature"] == 0).all()
    said = diagnoses["missing_feature_reason"].iloc[made.failures]
    assert said.str.contains("has no words").all()


def test_labels_are_suspected_by_neighbours_alone(faulty, tmp_path):
    wordless = write_diagnoses(write_wordless_run(tmp_path, faulty))
    table = suspects(wordless)
    assert len(table)
    labels = wordless.images.set_index("path")["true_c"]
    names = wordless.classes["name"].to_numpy()
    for row in table.itertuples():
        assert row.label == names[labels[row.path]]
        assert row.suggested != row.label
        assert "nearest training images" in row.reason
        assert "captions" not in row.reason
    assert (table["suspicion"].diff().dropna() <= 0).all()
    planted = {wordless.images["path"].iloc[x] for x in WRONG_LABELS}
    assert planted <= set(table["path"])
    assert (wordless.table("diagnoses")["pattern"] != str(Pattern.WRONG_LABEL)).all()


@pytest.mark.parametrize(
    "asked",
    [
        lambda run: fm.explain(run, 0),
        lambda run: fm.describe(run, 0),
        lambda run: fm.contrast(run, None, None),
        lambda run: fm.ground(run, 0, "red head"),
        lambda run: fm.search(run, "red head"),
        lambda run: fm.what_if(run, 0, attributes={0: 0.0}),
        lambda run: fm.inputs_of(run),
        lambda run: fm.estimate("literal", fm.inputs_of(run)),
        lambda run: run.array("p_t_given_f"),
    ],
)
def test_what_needs_words_says_how_to_add_them(made, asked):
    with pytest.raises(WordlessError, match=r"'tiny' has no words.*--captions.*fieldmarks caption"):
        asked(made)


def test_what_needs_no_words_is_answered(made):
    xs = fm.search(made, "wrong").xs
    assert sorted(xs) == made.failures.tolist()
    assert fm.what_if(made, 0, filters={0: 0.0}).after.shape == (1, 3)
    assert fm.evaluate(made).scored.images == made.is_test.sum()


def test_words_are_added_without_another_pass(birds, network_calls, tmp_path):
    shutil.copytree(birds / "runs", tmp_path / "runs")
    before = read_run(tmp_path / "runs" / "tiny")
    shutil.copytree(birds / "later", birds / "text_c10", dirs_exist_ok=True)
    try:
        said = run_tiny(birds, tmp_path / "runs", is_scored=True, is_live=True)
    finally:
        shutil.rmtree(birds / "text_c10")
    after = read_run(tmp_path / "runs" / "tiny")
    assert not network_calls
    assert after.sizes["T"] > 0
    assert fm.explain(after, 0).sentence
    np.testing.assert_array_equal(after.array("maps"), before.array("maps"))
    assert "activations" not in computed(said)
    assert "live" not in computed(said)


def test_words_that_are_taken_away_leave_nothing(birds, tmp_path):
    shutil.copytree(birds / "later", birds / "text_c10", dirs_exist_ok=True)
    run_tiny(birds, tmp_path)
    shutil.rmtree(birds / "text_c10")
    run_tiny(birds, tmp_path)
    run = read_run(tmp_path / "tiny")
    assert not run.has_words
    assert not list(run.folder.rglob("p_t_given_f*"))


def test_captions_that_are_named_and_not_there_are_refused(birds, tmp_path):
    from fieldmarks.precompute.data.source import DataSource

    source = DataSource(birds / "CUB_200_2011", captions=tmp_path / "nowhere")
    with pytest.raises(DataError, match="expected a folder of caption files"):
        run_tiny(birds, tmp_path, source=source)
