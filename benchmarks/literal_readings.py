"""The readings of the paper's equations (1) to (4), scored side by side on a finished run.

    python -m benchmarks.literal_readings RUN [--runs DIR]

One CSV row a reading and figure, with bootstrap 95 % intervals over classes and images. "constant"
are weights that ignore the attribute, "class frequency" ranks by the captions of the predicted
class.
"""

import argparse
from pathlib import Path

import numpy as np

from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.estimators.literal import DEFAULT_READING, READINGS, p_by_reading
from fieldmarks.core.explanations.attribute_ranking import top_attributes
from fieldmarks.core.probability import p_t_given_xc
from fieldmarks.core.run.contract import N_EXPLAIN
from fieldmarks.core.run.reading import open_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.scores import diversity, pck, retrieval


def rows(run: Run):
    """Yield reading, figure and score."""
    images, ts = run.images, retrieval.searched_attributes(run)
    true_c, predicted_c = images["true_c"].to_numpy(), images["predicted_c"].to_numpy()
    xs = np.flatnonzero(~images["is_train"].to_numpy() & (images["n_captions"] > 0).to_numpy())
    inputs, pairs = inputs_of(run), pck.grounded_pairs(run, xs)
    p_t_given_f = {name: p_by_reading(inputs, name) for name in READINGS}
    constant = np.ones((run.sizes["F"], 1), np.float32)
    points = pck.peaks(run, pairs, {"constant": constant, **p_t_given_f})
    weights, truth = run.weights(None), run.counts[xs][:, ts].toarray() > 0
    p = {
        name: p_t_given_xc(run.array("pooled")[xs], weights[predicted_c[xs]], each)
        for name, each in p_t_given_f.items()
    }
    p["class frequency"] = retrieval.class_caption_frequency(run)[predicted_c[xs]]
    for name, values in p.items():
        top = top_attributes(values, run.attributes, N_EXPLAIN)
        held = retrieval.retrieved(top, ts)
        scores = retrieval.score_retrieval(values[:, ts], held, truth, true_c[xs])
        yield from ((name, figure, score) for figure, score in scores.items())
        scores = diversity.score_diversity(top[:, 0], true_c[xs])
        yield name, "different top attributes", scores["different top attributes"]
    for name, at in points.items():
        for radius, score in pck.score_peaks(pairs, at, true_c).items():
            yield name, f"PCK@{radius}", score


def main() -> None:
    """Print the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("run")
    parser.add_argument("--runs", type=Path)
    args = parser.parse_args()
    print("reading,figure,value,low,high,n")
    for name, figure, score in rows(open_run(args.run, args.runs)):
        shown = f"{name} (the default)" if name == DEFAULT_READING else name
        print(f'"{shown}",{figure},{score.value:.4g},{score.low:.4g},{score.high:.4g},{score.n}')


if __name__ == "__main__":
    main()
