"""p(t given f) by every estimator, and the significance of attributes in a permutation test."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from tqdm import tqdm

from core.estimators import Inputs, estimate
from core.estimators.filter_statistics import filter_statistics, seen_names
from core.estimators.significance import attribute_significance, filters_table, largest_of_filters
from core.runs.writer import RunWriter


def write_estimates(
    writer: RunWriter,
    inputs: Inputs,
    held_out: Inputs | None,
    estimators: Sequence[str],
    default: str,
    seed: int,
) -> None:
    """Run the estimators and write what they and the permutation null of the default one give.

    Parameters
    ----------
    writer : RunWriter
    inputs : Inputs
        Training images.
    held_out : Inputs, optional
        Captioned test images: the statistics of single filters are those of images that no
        estimator has had.
    estimators : sequence of str
    default : str
        One of them.
    seed : int
        Of the permutations.
    """
    null: list[tuple[np.ndarray, np.ndarray]] = []
    writer.put("prior", inputs.prior)
    for name in tqdm(estimators, "p(t given f)", unit=" estimators"):
        estimated = estimate(name, inputs)
        writer.put(f"p_t_given_f/{name}", estimated.p_t_given_f)
        writer.put(f"evidence/{name}", estimated.evidence)
        writer.put(f"evidence_bias/{name}", estimated.evidence_bias)
        if estimated.sentence is not None:
            writer.put(f"sentence_weights/{name}", estimated.sentence.weights)
            writer.put(f"sentence_parts/{name}", estimated.sentence.parts)
        if estimated.name_confidence is not None:
            confidence = estimated.name_confidence
            seen = seen_names(estimated.p_t_given_f, confidence, inputs.adjectives)
            writer.put_table("seen_names", seen)
        if name == default:
            q_value, null_high = attribute_significance(
                name, inputs, estimated, seed, look=lambda p: null.append(largest_of_filters(p))
            )
            writer.put("null_t", np.stack([t for t, _ in null]))
            writer.put("null_p", np.stack([p for _, p in null]))
            writer.put("q_value", q_value)
            writer.put("null_high", null_high)
            table = filters_table(estimated.p_t_given_f, q_value, inputs.class_weights)
            statistics = filter_statistics(estimated.p_t_given_f, held_out)
            writer.put_table("filters", pd.concat([table, statistics], axis=1))
