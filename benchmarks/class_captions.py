"""One description per class in place of ten captions per image: the paper's weaker supervision.

    python -m benchmarks.class_captions RUN [--runs DIR] [--classes ID ...] [--estimators ...]

The captions of a class's training images are reduced to one description: the attributes that the
captions of at least half of its images name (`MIN_SHARE`, fixed before any score was seen). Each
estimator is made again with this description for every training image of the class, and scored on
the same test images and their captions as the estimates of the run. "class description" ranks by
the description of the predicted class alone, which is all that such supervision says. Bootstrap
95 % intervals over classes and images; the run is not changed.
"""

from dataclasses import replace

import numpy as np
from scipy import sparse

from benchmarks import scored_estimates
from fieldmarks.core.estimators import Inputs, estimate
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.probability import prior
from fieldmarks.core.run.reading import open_run

#: Share of a class's training images whose captions name an attribute of its description.
MIN_SHARE = 0.5
DESCRIPTION = "class description"


def descriptions(inputs: Inputs, C: int) -> np.ndarray:
    """Return whether each class's description holds each attribute, shape (C, T), bool.

    Parameters
    ----------
    inputs : Inputs
    C : int
        Number of classes; one without captions has an empty description.
    """
    n = len(inputs.true_c)
    membership = sparse.csr_array((np.ones(n), (inputs.true_c, np.arange(n))), shape=(C, n))
    named = (membership @ (inputs.counts > 0).astype(float)).toarray()
    n_images = np.bincount(inputs.true_c, minlength=C)[:, None]
    return (named >= MIN_SHARE * n_images) & (n_images > 0)


def described(inputs: Inputs, says: np.ndarray) -> Inputs:
    """Return the inputs as if the only caption of each image were its class's description."""
    counts = sparse.csr_array(says[inputs.true_c].astype(np.int64))
    return replace(
        inputs, counts=counts, n_captions=np.ones(len(inputs.true_c), int), prior=prior(counts)
    )


def main() -> None:
    """Print the rows."""
    args = scored_estimates.arguments("Descriptions of classes in place of captions.")
    run = open_run(args.run, args.runs)
    inputs = inputs_of(run)
    says = descriptions(inputs, run.sizes["C"])
    n_words = says.sum(axis=1)[np.unique(inputs.true_c)]
    print(f"# words per description: mean {n_words.mean():.1f}, {n_words.min()} to {n_words.max()}")
    weaker = described(inputs, says)
    estimates = scored_estimates.of_run(run, args.estimators)
    suffix = " by class descriptions"
    estimates |= {f"{name}{suffix}": estimate(name, weaker) for name in list(estimates)}
    default = run.default_estimator
    for class_ids in (None, *(args.classes or ())):
        print(f"# classes {class_ids or 'all'}")
        xs = scored_estimates.captioned_test_images(run, class_ids)
        rows = scored_estimates.scores(run, estimates, xs, {DESCRIPTION: says.astype(float)})
        pairs = [(f"{default}{suffix}", default), (f"{default}{suffix}", DESCRIPTION)]
        scored_estimates.write(rows, pairs)


if __name__ == "__main__":
    main()
