"""The upper bound: an estimator that is told the places of parts, beside those of a finished run.

    python -m benchmarks.experimental.keypoints RUN [--runs DIR] [--classes ID ...]
        [--estimators ...]

Figures are those of the score board, with bootstrap 95 % intervals over classes and images, on the
captioned test images; ``--classes`` scores those of some classes only, estimates are always made on
all training images. Keypoints of training images are used, those of test images only judge. The run
is not changed; ``run --keypoints`` makes one that has the estimator.
"""

from benchmarks import scored_estimates
from fieldmarks.core.estimators import estimate
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.run.reading import open_run


def main() -> None:
    """Print the rows."""
    args = scored_estimates.arguments("Keypoints as the upper bound of an estimator.")
    run = open_run(args.run, args.runs)
    estimates = scored_estimates.of_run(run, args.estimators)
    estimates["keypoints"] = estimate("keypoints", inputs_of(run))
    for class_ids in (None, *(args.classes or ())):
        print(f"# classes {class_ids or 'all'}")
        xs = scored_estimates.captioned_test_images(run, class_ids)
        rows = scored_estimates.scores(run, estimates, xs)
        scored_estimates.write(rows, [("keypoints", run.default_estimator)])


if __name__ == "__main__":
    main()
