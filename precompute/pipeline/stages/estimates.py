"""What sentences need of the default estimator: p(t given f)."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from tqdm import tqdm

from fieldmarks.core.estimators import Estimate, Inputs, divides, estimate, has_quick_words, words
from fieldmarks.core.estimators.filter_statistics import seen_names
from fieldmarks.core.estimators.inputs import inputs_of
from fieldmarks.core.run.writer import RunWriter
from fieldmarks.precompute.parallel.ranks import Ranks
from fieldmarks.precompute.pipeline.work import Work


def compute(work: Work) -> None:
    """Compute the stage ``estimates``: what sentences need of the default estimator."""
    run, settings, writer = work.read(), work.inputs.settings, work.writer
    work.inputs.check_class_order(run.array("logits"))
    if not work.inputs.has_words:
        return
    inputs, name, ranks = inputs_of(run), settings.default_estimator, work.ranks
    if has_quick_words(name):
        p_t_given_f = words(name, replace(inputs, processes=ranks))
        if ranks.is_first:
            writer.put(f"p_t_given_f/{name}", p_t_given_f)
    else:
        for _, estimated in estimated_by(inputs, [name], ranks):
            put_sentences(writer, inputs, name, estimated)
    if ranks.is_first:
        writer.put("prior", inputs.prior)


def estimated_by(
    inputs: Inputs, estimators: Sequence[str], ranks: Ranks
) -> Iterator[tuple[str, Estimate]]:
    """Yield estimators with what they give; each on the one rank that writes it.

    Every rank takes part: all together in the estimators that divide their work, each by itself in
    one of the others at a time. What comes out does not depend on their number.
    """
    shared = replace(inputs, processes=ranks)
    together = [name for name in estimators if divides(name)]
    alone = [name for name in estimators if name not in together]
    steps = [(name, True) for name in together]
    # the last rank begins: the first one has more to do
    steps += [(name, False) for name in alone[ranks.size - 1 - ranks.rank :: ranks.size]]
    progress = tqdm(steps, "p(t given f)", unit=" estimators", disable=not ranks.is_first)
    for name, is_shared in progress:
        if is_shared and not ranks.is_first:
            words(name, shared)
        else:
            yield name, estimate(name, shared if is_shared else inputs)


def put_sentences(writer: RunWriter, inputs: Inputs, name: str, estimated: Estimate) -> None:
    """Write what sentences and names need of an estimator."""
    writer.put(f"p_t_given_f/{name}", estimated.p_t_given_f)
    if estimated.sentence is not None:
        writer.put(f"sentence_weights/{name}", estimated.sentence.weights)
        writer.put(f"sentence_parts/{name}", estimated.sentence.parts)
    if estimated.name_confidence is not None:
        confidence = estimated.name_confidence
        seen = seen_names(estimated.p_t_given_f, confidence, inputs.adjectives)
        writer.put_table("seen_names", seen)
