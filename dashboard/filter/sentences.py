"""What the card of a filter says in words: its name, its simulation score, its crops."""

import numpy as np

from fieldmarks.core.explanations.counter_examples import CounterExamples
from fieldmarks.core.explanations.filter_prediction import FilterPrediction, share_predicted
from fieldmarks.core.explanations.word_at_peak import WordAtPeak
from fieldmarks.core.name_status import NameStatus
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import labels
from fieldmarks.dashboard.labels import ANYWHERE, Naming

#: A best word, or another filter's words, are said to do as well from here on: share of filters.
MANY = 0.05


def of_seen(seen: str, named_by: str, shown: str) -> str:
    """Return what a name of what a filter sees is worth, and which estimator is shown.

    Parameters
    ----------
    seen : str
        The name, see `labels.seen_name`.
    named_by, shown : str
        The estimator of the name, and that of the figures and heatmaps of the card.
    """
    word = seen.removesuffix(ANYWHERE)
    if word != seen:
        said = (
            f"It sees “{word}”, on any part: one adjective has most of p(t | f). How often such "
            "an adjective lies at the peaks of its filter is in the scores; take it as a hint."
        )
    else:
        said = (
            f"It sees “{seen}” where it is active. How often such a name lies at the peaks of its "
            "filter is in the scores, where the places of words are known."
        )
    if named_by == shown:
        return said
    return f"{said} The name comes from `{named_by}`, everything below from `{shown}`."


def of_status(run: Run, f: int) -> str:
    """Return what the permutation test says of the filter's name."""
    row, namings = run.filters.iloc[f], labels.namings(run)
    if row["verdict"] != NameStatus.NONE:
        n = int(row["n_significant"])
        return (
            f"{n} attribute{'s beat' if n > 1 else ' beats'} permuted captions. This is a "
            "statement about captions. The images show whether the word lies where the filter is "
            "active."
        )
    if namings[f] == Naming.SEEN:
        return (
            "No attribute beats permuted captions; the name comes from what the filter sees alone."
        )
    n = int((namings == Naming.NONE).sum())
    return (
        "Unnamed: no attribute beats permuted captions. This is usual: it holds for "
        f"{n:,} of {run.sizes['F']:,} filters. The words below correlate with the activation; none "
        "of them is a significant name."
    )


def of_prediction(prediction: FilterPrediction | None, best_word: str, estimator: str) -> str:
    """Return the simulation score in words, beside one best word and the words of others.

    Parameters
    ----------
    prediction : FilterPrediction, optional
    best_word : str
        Phrase of the best single word.
    estimator : str
        That of p(t given f).
    """
    if prediction is None:
        return "No test image has captions, so no prediction can be scored."
    r = prediction.correlation
    if r <= 0:
        said = f"The captions and p(t | f) do not predict its activation (correlation {r:.2f})"
    else:
        said = (
            f"The captions and p(t | f) predict **{_percent(share_predicted(r))}** of the "
            f"variance of its activation (correlation {r:.2f})"
        )
    said += f" in {prediction.n_images:,} test images, by `{estimator}`."
    controls = []
    if prediction.best_t >= 0:
        controls.append(
            f"the one best word, “{best_word}”: {_percent(share_predicted(prediction.best_word))}"
        )
    if np.isfinite(prediction.share_exchanged):
        controls.append(f"words of other filters: {_percent(prediction.share_exchanged)}")
    if controls:
        said += f" For comparison, {', '.join(controls)}."
    if prediction.is_beaten_by > MANY:
        said += (
            f" {prediction.is_beaten_by:.0%} of other filters have words that predict it as well "
            "as its own or better, so these words are not specific to it."
        )
    return said


def of_crops(word: WordAtPeak, phrase: str) -> str:
    """Return on how many images the word lies where the filter is active, beside other filters."""
    known = np.isfinite(word.heat)
    if not known.any():
        return "The feature maps of these images are not kept, so no word can be placed on them."
    expected = np.nanmean(word.chance) * known.sum()
    return (
        f"The heatmap of “{phrase}” lies where the filter is active on "
        f"**{int(word.is_here.sum())} of {known.sum()}** images; for an average filter it would be "
        f"{expected:.1f}."
    )


def of_silent(examples: CounterExamples, phrase: str) -> str:
    """Return how often the filter is silent in images that have the word."""
    if not examples.n_with:
        return f"The captions of no test image name “{phrase}” often enough."
    return (
        f"In **{examples.n_silent} of {examples.n_with}** test images whose captions name "
        f"“{phrase}” it is below its median; by chance it would be {examples.n_with / 2:.0f}."
    )


def of_active(examples: CounterExamples, phrase: str) -> str:
    """Return how often no caption names the word in the images where the filter is most active."""
    expected = examples.share_without * examples.n_active
    return (
        f"In **{examples.n_active_without} of the {examples.n_active}** test images where it is "
        f"most active, no caption names “{phrase}”; by chance it would be {expected:.0f}."
    )


def _percent(share: float | np.ndarray) -> str:
    value = float(share)
    return "under 1%" if 0 < value < 0.005 else f"{value:.0%}"
