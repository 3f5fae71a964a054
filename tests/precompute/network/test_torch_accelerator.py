"""Large products by PyTorch are numpy's; here on tensors of the CPU, as no GPU is at hand."""

import gc
from contextlib import nullcontext
from unittest.mock import patch

import numpy as np
import pytest
import torch

from fieldmarks.core import accelerator
from fieldmarks.core.accelerator import accelerated, computed, product
from fieldmarks.core.batching import in_threads
from fieldmarks.core.estimators import estimate
from fieldmarks.core.estimators.encoding import nonnegative_elastic_net
from fieldmarks.core.estimators.explaining_away import sentence_model
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.explanations.factors import Factors
from fieldmarks.core.live.neighbours import TrainingImages, distances_of_test_images
from fieldmarks.core.presence.fit import fit_presence
from fieldmarks.core.presence.presence import features_of, presence_of
from fieldmarks.core.probability import words_given_xc
from fieldmarks.core.scores.faithfulness import falls
from fieldmarks.core.scores.filters.correlation import Activations
from fieldmarks.precompute.network.torch_accelerator import TorchAccelerator, accelerator_of

CPU = torch.device("cpu")


@pytest.fixture
def products():
    """Compute by PyTorch; the formulas that were."""
    formulas = []

    class Counting(TorchAccelerator):
        def __call__(self, formula, arrays, kept):
            formulas.append(formula)
            return super().__call__(formula, arrays, kept)

    with accelerated(Counting(CPU, pytest.fail, least=0)):
        yield formulas


def by_numpy(formula, *arguments):
    with accelerated(None):
        return formula(*arguments)


def assert_same(given, expected):
    """Within the rounding of float32, and of what was added up to it."""
    assert given.dtype == expected.dtype
    atol = 2e-6 * max(np.abs(expected).max(), 1e-3)
    np.testing.assert_allclose(given, expected, rtol=1e-5, atol=atol)


def random(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def words_of_no_positive_filter():
    pooled, weights = random(9, 5), random(9, 5, seed=1)
    weights[3] = -np.sign(pooled[3])  # nothing speaks for the class: all words are as likely
    return words_given_xc(pooled, weights, random(5, 7, seed=2))


def presence_of_all_words(run):
    return presence_of(run).q(features_of(run, slice(None)))


def presence_of_two_words(run):
    return presence_of(run).q(features_of(run, np.arange(40)), np.array([1, 4]))


def presence_of_one_image(run):
    return presence_of(run).q(features_of(run, 3))


def log_odds(run):
    return presence_of(run).log_odds(features_of(run, slice(None)))


def top_words(run):
    xs, c = np.arange(run.sizes["X"]), run.images["predicted_c"].to_numpy()
    return Factors.of(run).top(xs, c, 5)[1]


def distances_but_one(run):
    training = TrainingImages(run)
    return training.distance(run.array("pooled")[training.xs[:9]], int(training.xs[4]))


def correlations(run):
    pooled = np.asarray(run.array("pooled"))
    activations = Activations(pooled, run.images["true_c"].to_numpy())
    moved = pooled + random(*pooled.shape)
    scores = activations.mean(moved), activations.mean(moved, within=True)
    return np.array([[each.value, each.low, each.high] for each in scores])


def falls_of_sentences(run):
    xs = np.arange(50)
    fallen = falls(run, xs, np.asarray(run.array("top_t_predicted")[:50, :5]), "literal")
    return np.stack(list(fallen.values()))


def weights_of_sentences(run):
    return sentence_model(inputs_of(run), np.asarray(run.array("p_t_given_f"))).weights


def evidence_of_ridge(run):
    return estimate("ridge", inputs_of(run)).evidence


def mixture(run):
    return estimate("mixture", inputs_of(run)).p_t_given_f


def evidence_of_places(run):
    return estimate("places", inputs_of(run)).evidence


def weights_of_an_elastic_net(run):
    shares = np.asarray(run.array("pooled"), np.float32)
    squares, products = shares.T @ shares / len(shares), random(shares.shape[1], 9) + 1
    return nonnegative_elastic_net(squares, products, np.full_like(products, 0.05), 0.1)


@pytest.mark.parametrize(
    "formula",
    [
        *(presence_of_all_words, presence_of_two_words, presence_of_one_image, log_odds),
        *(top_words, distances_of_test_images, distances_but_one, correlations),
        *(falls_of_sentences, weights_of_sentences, evidence_of_ridge, mixture),
        *(evidence_of_places, weights_of_an_elastic_net),
    ],
)
def test_formulas_of_a_run_give_the_same_on_both(products, seen, formula):
    expected = by_numpy(formula, seen)
    given = formula(seen)
    assert products
    assert_same(given, expected)


def test_words_of_a_class_are_the_same_on_both(products):
    expected = by_numpy(words_of_no_positive_filter)
    given = words_of_no_positive_filter()
    assert products
    assert given.dtype == np.float32
    assert_same(given, expected)
    np.testing.assert_allclose(given[3].sum(), 1, rtol=1e-6)


def test_presence_is_fitted_to_the_same_on_both(products, seen):
    expected, given = by_numpy(fit_presence, inputs_of(seen)), fit_presence(inputs_of(seen))
    assert products
    for name, array in vars(expected).items():
        np.testing.assert_allclose(getattr(given, name), array, rtol=1e-3, atol=1e-4, err_msg=name)


def test_an_array_that_is_kept_is_sent_once_and_forgotten_with_itself():
    device, weights = TorchAccelerator(CPU, pytest.fail, least=0), random(3, 2)
    sent, key = [], id(weights)

    def put(array, dtype):
        sent.append(id(array))
        return torch.tensor(array)

    with accelerated(device), patch.object(device, "_put", put):
        for _ in range(3):
            given = computed(product, random(4, 3), kept=[weights])
    np.testing.assert_allclose(given, random(4, 3) @ weights, rtol=1e-5)
    assert sent.count(key) == 1
    assert len(device._kept) == 1
    del weights
    gc.collect()
    assert not device._kept


@pytest.mark.parametrize("at", ["product", "sending"])
@pytest.mark.parametrize(
    "full",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate(handle)"),
    ],
    ids=["PyTorch", "cuBLAS"],
)
def test_where_memory_does_not_suffice_numpy_computes_and_one_line_says_so(at, full):
    said, by = [], []

    def large(xp, first, second):
        by.append(xp)
        if xp is not accelerator.NUMPY:
            raise full
        return first @ second

    device = TorchAccelerator(CPU, said.append, least=0)
    no_room = patch.object(device, "_put", side_effect=full)
    with accelerated(device), no_room if at == "sending" else nullcontext():
        given = [computed(large, random(4, 3), random(3, 2)) for _ in range(2)]
    for each in given:
        np.testing.assert_array_equal(each, random(4, 3) @ random(3, 2))
    assert by.count(accelerator.NUMPY) == 2
    assert len(by) == (2 if at == "sending" else 4)
    assert said == ["cpu: memory does not suffice for a product, numpy takes it"]


def test_what_is_not_worth_sending_is_computed_by_numpy():
    by = []

    def formula(xp, values):
        by.append(xp is accelerator.NUMPY)
        return values * 2

    with accelerated(TorchAccelerator(CPU, pytest.fail, least=10)):
        for shape in ((20,), (3, 3), (2, 5)):
            np.testing.assert_array_equal(computed(formula, np.ones(shape)), np.full(shape, 2.0))
    assert by == [True, True, False]


def test_other_errors_of_a_formula_are_not_hidden():
    with (
        accelerated(TorchAccelerator(CPU, pytest.fail, least=0)),
        pytest.raises(RuntimeError, match="shape"),
    ):
        computed(product, random(4, 3), random(4, 3))


def test_threads_compute_there_too_and_nobody_does_afterwards(products):
    before = len(products)
    in_threads(lambda i: computed(product, random(2, 2), random(2, 2, seed=i)), range(4))
    assert len(products) == before + 4
    with accelerated(None):
        computed(product, random(2, 2), random(2, 2))
    assert len(products) == before + 4


@pytest.mark.parametrize("types", [("f4", "f8"), ("f2", "f4"), ("f4", "f2")])
def test_arrays_of_two_types_and_those_that_run_backwards_are_multiplied_as_by_numpy(
    products, types
):
    first, second = random(4, 3)[::-1].astype(types[0])[::-1], random(2, 3).astype(types[1])[::-1].T
    given = computed(product, first, kept=[second])
    assert_same(given, first @ second)


def test_arrays_that_cannot_be_written_are_taken_without_a_warning(products, recwarn):
    array = random(3, 3)
    array.flags.writeable = False
    np.testing.assert_allclose(computed(product, array, array.T), array @ array.T, rtol=1e-5)
    assert not list(recwarn)


@pytest.mark.parametrize(("name", "has"), [("cpu", False), ("mps", False), ("cuda", True)])
def test_cuda_alone_has_an_accelerator(name, has):
    assert (accelerator_of(torch.device(name)) is not None) == has
