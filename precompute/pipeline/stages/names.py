"""Names of filters: the significance of their attributes in a permutation test of captions."""

from dataclasses import replace

import numpy as np
import pandas as pd

from fieldmarks.core.estimators.filter_statistics import filter_statistics, unnamed_filters
from fieldmarks.core.estimators.inputs import held_out_inputs, inputs_of
from fieldmarks.core.estimators.significance import filters_table, null_of
from fieldmarks.core.presence.columns import not_visible
from fieldmarks.precompute.pipeline.work import Work


def compute(work: Work) -> None:
    """Compute the stage ``names`` from the run's default estimator; all ranks share the null.

    The statistics of single filters are those of captioned test images, which no estimator has had.
    A word of a column that is not visible is no name.
    """
    run, ranks, writer = work.read(), work.ranks, work.writer
    if not work.inputs.has_words:
        if ranks.is_first:
            writer.put_table("filters", unnamed_filters(run))
        return
    inputs = replace(inputs_of(run), processes=ranks)
    null = null_of(run.default_estimator, inputs, work.inputs.settings.seed)
    if not ranks.is_first:
        return
    observed = np.asarray(run.array("p_t_given_f"))
    q_value, null_high = null.judge(observed, inputs)
    q_value[:, not_visible(run)] = 1.0
    writer.put("q_value", q_value)
    writer.put("null_high", null_high)
    table = filters_table(observed, q_value, inputs.class_weights)
    statistics = filter_statistics(observed, held_out_inputs(run))
    writer.put_table("filters", pd.concat([table, statistics], axis=1))
