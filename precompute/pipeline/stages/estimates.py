"""p(t given f) by every estimator, and the significance of attributes in a permutation test."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
from tqdm import tqdm

from fieldmarks.core.estimators import Estimate, Inputs, divides, estimate, words
from fieldmarks.core.estimators.filter_statistics import (
    filter_statistics,
    seen_names,
    unnamed_filters,
)
from fieldmarks.core.estimators.inputs import held_out_inputs, inputs_of
from fieldmarks.core.estimators.significance import filters_table, largest_of_filters, null_of
from fieldmarks.core.run.writer import RunWriter
from fieldmarks.precompute.parallel.ranks import Ranks
from fieldmarks.precompute.pipeline.work import Work


def compute(work: Work) -> None:
    """Compute the stage ``estimates``."""
    run, settings = work.read(), work.inputs.settings
    work.inputs.check_class_order(run.array("logits"))
    if not work.inputs.has_words:
        if work.ranks.is_first:
            work.writer.put_table("filters", unnamed_filters(run))
        return
    write_estimates(
        work.writer,
        inputs_of(run),
        held_out_inputs(run),
        settings.estimators,
        settings.default_estimator,
        settings.seed,
        work.ranks,
    )


def write_estimates(
    writer: RunWriter,
    inputs: Inputs,
    held_out: Inputs | None,
    estimators: Sequence[str],
    default: str,
    seed: int,
    ranks: Ranks,
) -> None:
    """Run the estimators and write what they and the permutation null of the default one give.

    Every rank takes part: all together in the estimators that divide their work and in the null,
    each by itself in one of the others at a time. What is written does not depend on their number.

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
    ranks : Ranks
    """
    shared = replace(inputs, processes=ranks)
    together = [name for name in estimators if divides(name) and name != default]
    alone = [name for name in estimators if name not in (*together, default)]
    # the default one comes last, so that the others go on while the first rank locates its words
    steps = [(name, True) for name in (*together, default)]
    # the last rank begins: the first one has more to do
    steps += [(name, False) for name in alone[ranks.size - 1 - ranks.rank :: ranks.size]]
    observed: Estimate | None = None
    progress = tqdm(steps, "p(t given f)", unit=" estimators", disable=not ranks.is_first)
    for name, is_shared in progress:
        if is_shared and not ranks.is_first:
            words(name, shared)
            continue
        estimated = estimate(name, shared if is_shared else inputs)
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
            observed = estimated

    largest: dict[int, tuple[np.ndarray, np.ndarray]] = {}
    null = null_of(
        default, shared, seed, look=lambda i, p: largest.update({i: largest_of_filters(p)})
    )
    gathered = ranks.gather(largest)
    if observed is None:
        return
    largest = {i: kept for of_rank in gathered for i, kept in of_rank.items()}
    writer.put("prior", inputs.prior)
    writer.put("null_t", np.stack([largest[i][0] for i in sorted(largest)]))
    writer.put("null_p", np.stack([largest[i][1] for i in sorted(largest)]))
    q_value, null_high = null.judge(observed.p_t_given_f, inputs)
    writer.put("q_value", q_value)
    writer.put("null_high", null_high)
    table = filters_table(observed.p_t_given_f, q_value, inputs.class_weights)
    statistics = filter_statistics(observed.p_t_given_f, held_out)
    writer.put_table("filters", pd.concat([table, statistics], axis=1))
