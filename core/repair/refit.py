"""The last layer fitted again on stored pooled activations, in seconds.

Multinomial logistic regression with a penalty that pulls the class weights towards those of the
network: a small change is preferred to a large one, and an infinite penalty changes nothing.
Refitting the last layer alone is enough where the features hold what is needed (Kirichenko,
Izmailov, Wilson, "Last Layer Re-Training is Sufficient for Robustness to Spurious Correlations",
2023).

What is fitted is the change, in units of each filter's standard deviation, to the minimum of the
loss, see `core.repair.problem`. One penalty starts from the result of the next stronger one.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import count
from threading import Lock

import numpy as np
from threadpoolctl import threadpool_limits

from fieldmarks.core.head import Head
from fieldmarks.core.repair.fit_set import FitSet
from fieldmarks.core.repair.problem import Problem

#: Multiplications a product below which dividing them among cores costs more than it saves.
_ONE_THREAD = 1 << 29
_ONE_AT_A_TIME = Lock()


def refits(
    fitted: FitSet,
    start: Head,
    unit: np.ndarray,
    penalties: Sequence[float],
    progress: Callable[[float], None] = lambda share: None,
    after_fit: Callable[[float, Head], None] = lambda penalty, head: None,
) -> dict[float, Head]:
    """Return the head that fits best for each penalty, pulled towards ``start``.

    Parameters
    ----------
    fitted : FitSet
    start : Head
        Towards which the weights are pulled.
    unit : ndarray of shape (F,)
        Standard deviation of each filter: changes count in its units.
    penalties : sequence of float
        Times the squared change of the weights in these units.
    progress : callable, optional
        Told which share of the penalties is done.
    after_fit : callable, optional
        Given each penalty and its head as soon as it is fitted, the strongest first.
    """
    C, F = start.weights.shape
    heads: dict[float, Head] = {}
    with _threads(fitted.pooled.size * C):
        logits = fitted.of_images(start.logits(fitted.pooled))
        problem = Problem.of(fitted, logits, unit)
        change = np.zeros((C, F + 1))
        for penalty in sorted(penalties, reverse=True):
            after_step = _after_step(progress, len(heads), len(penalties))
            progress(len(heads) / len(penalties))
            change = problem.minimum(penalty, change, after_step)
            weights, bias = problem.weights_and_bias(change)
            heads[penalty] = Head.linear(start.weights + weights, start.bias + bias)
            after_fit(penalty, heads[penalty])
    return heads


@contextmanager
def _threads(n_products: int) -> Iterator[None]:
    """Keep small products on one core; one fit at a time, since limits of two would mix."""
    if n_products >= _ONE_THREAD:
        yield
        return
    with _ONE_AT_A_TIME, threadpool_limits(1):
        yield


def _after_step(progress: Callable[[float], None], n_done: int, n: int) -> Callable[[], None]:
    """Return what reports a step of the next penalty: a fifth of what is left of it."""
    steps = count(1)
    return lambda: progress((n_done + 1 - 0.8 ** next(steps)) / n)
