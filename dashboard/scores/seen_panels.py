"""What the score board shows of seen words: whether what is said of an image is true of it."""

from dataclasses import replace

from fieldmarks.core.scores.result import SeenWords
from fieldmarks.dashboard.scores.panels import About, Panel, panel_of

WORDS = About(
    "Words",
    "failures",
    "Percent of the words of a sentence that the captions of the image name. Controls: the five "
    "words of the class, of eq. (5), of presence without the class; the same words judged by the "
    "captions of another image. Upper bound: the image's own words. Higher is better.",
)
CONTRAST = About(
    "Contrasts",
    "for predicted",
    "At failures: percent of the words of each side of “A rather than B” that the captions name, "
    "and of contrasts with a word on that side. “Not seen”: words called usual for the true class "
    "and not seen here, so lower is better.",
)
VALUES = About(
    "Values of a property",
    "all",
    "Percent of pairs of a named and an unnamed value of one property (two colours) with the "
    "named one first. Where the class is wrong, chance is 50.",
)
SEARCH = About(
    "Search",
    "mAP",
    "Images found by an attribute, judged by their captions: recall and precision in percent, mean "
    "average precision from 0 to 1. Higher is better.",
)
CERTAINTY = About(
    "Certainty",
    "calibration error",
    "Whether words that are seen with a certainty of q are named by that share of captions "
    "(expected calibration error, lower is better), whether q orders images of one class (AUC, "
    "chance .5), and how many of the said words lower the class's log-odds when removed.",
)


def seen_panels(seen_words: SeenWords | None) -> list[Panel]:
    """Return the panels of what was measured of seen words; none where presence is not claimed."""
    if seen_words is None:
        return []
    measured = (
        (WORDS, seen_words.sentence),
        (CONTRAST, seen_words.contrast),
        (VALUES, seen_words.values),
        (SEARCH, seen_words.search),
        (CERTAINTY, seen_words.certainty),
    )
    drawn = [panel_of(about, measure, SeenWords.METHOD) for about, measure in measured]
    curve = [(each.q, each.share, each.n) for each in seen_words.curve]
    return [
        replace(panel, curve=curve) if panel.about is CERTAINTY else panel
        for panel in drawn
        if panel is not None
    ]
