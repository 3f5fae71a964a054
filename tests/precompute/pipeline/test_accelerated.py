"""A run whose products PyTorch computes says the same as one of numpy."""

import json
from unittest.mock import patch

import numpy as np
import pandas as pd
import pytest

from fieldmarks.core.explanations.explanation import explain
from fieldmarks.core.run.files import EVALUATION
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.search.query import Query, Term
from fieldmarks.core.search.search import search
from fieldmarks.precompute.network.torch_accelerator import TorchAccelerator
from fieldmarks.precompute.pipeline import pipeline
from tests.support.tiny_birds import run_tiny, write_tiny_birds

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """The same run by numpy and, with a device pretended, by PyTorch; the formulas of that."""
    birds, formulas = write_tiny_birds(tmp_path_factory.mktemp("birds"), n_images=90), set()

    class Counting(TorchAccelerator):
        def __init__(self, device, say):
            super().__init__(device, say, least=0)

        def __call__(self, formula, arrays, kept):
            formulas.add(getattr(formula, "func", formula).__name__)
            return super().__call__(formula, arrays, kept)

    asked = {"is_scored": True, "is_live": True, "estimators": ("literal", "encoding", "places")}
    run_tiny(birds, birds / "numpy", **asked)
    with patch.object(pipeline, "accelerator_of", Counting):
        run_tiny(birds, birds / "torch", **asked)
    return read_run(birds / "numpy" / "tiny"), read_run(birds / "torch" / "tiny"), formulas


def test_products_of_all_stages_are_computed_there(runs):
    of_presence = {"_bends", "_components", "_alone"}
    of_estimators = {"_expected", "_descended", "_at_peaks", "_scores"}
    of_the_rest = {"_words_given_xc", "_kth_cosine", "_of_resamples", "gram", "product"}
    assert runs[2] >= of_presence | of_estimators | of_the_rest


def test_its_arrays_are_the_same(runs):
    by_numpy, by_torch, _ = runs
    assert by_torch.array_names == by_numpy.array_names
    for name in by_numpy.array_names:
        expected, given = by_numpy.arrays[name], by_torch.arrays[name]
        assert given.dtype == expected.dtype
        if expected.dtype.kind in "iub":
            np.testing.assert_array_equal(given, expected, err_msg=name)
        else:
            np.testing.assert_allclose(given, expected, rtol=1e-3, atol=1e-4, err_msg=name)


def test_its_sentences_and_causes_are_the_same(runs):
    by_numpy, by_torch, _ = runs
    said = [[explain(run, x).sentence for x in range(run.sizes["X"])] for run in runs[:2]]
    assert said[0] == said[1]
    assert len(set(said[0])) > 1
    causes = [run.table("diagnoses").reset_index(drop=True) for run in (by_numpy, by_torch)]
    pd.testing.assert_frame_equal(*causes, rtol=1e-3)


def test_its_filters_have_the_same_names(runs):
    pd.testing.assert_frame_equal(*(run.filters for run in runs[:2]), rtol=1e-3)


def test_searches_find_the_same(runs):
    T = runs[0].sizes["T"]
    queries = [Query([Term(t, False, "")]) for t in range(T)]
    found = [[search(run, query).xs.tolist() for query in queries] for run in runs[:2]]
    assert found[0] == found[1]
    assert any(found[0])


def test_its_scores_are_the_same_but_where_rounding_exchanges_ranks(runs):
    texts = [(run.folder / EVALUATION).read_text("utf-8") for run in runs[:2]]
    by_numpy, by_torch = (dict(scores(json.loads(text))) for text in texts)
    assert by_torch.keys() == by_numpy.keys()
    differing = []
    for name, (value, low, high) in by_numpy.items():
        other = by_torch[name][0]
        if value is None or low is None:
            assert other == (value if value is None else pytest.approx(value, rel=1e-3)), name
        else:
            assert low - 1e-6 <= other <= high + 1e-6, name
            differing.append(abs(other - value) > 1e-3 * max(abs(value), 0.1))
    assert len(differing) > 100
    assert np.mean(differing) < 0.02


def scores(part, name=""):
    """Yield the figures of a nested result, by their places: value and interval."""
    if isinstance(part, dict) and {"value", "low", "high"} <= part.keys():
        yield name, (part["value"], part["low"], part["high"])
    elif isinstance(part, dict | list):
        for key, each in part.items() if isinstance(part, dict) else enumerate(part):
            yield from scores(each, f"{name}/{key}")
