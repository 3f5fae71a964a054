"""The sections of the page Try: prediction, sentences, heatmaps, neighbours."""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from scipy.special import softmax

from fieldmarks.core.explanations.place import Place
from fieldmarks.core.explanations.seen import SeenWord
from fieldmarks.core.live.neighbours import ALARM, K_NEAREST
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, labels, links
from fieldmarks.dashboard.components import gallery, marks, ranking
from fieldmarks.dashboard.components.gallery import Line, Picture
from fieldmarks.dashboard.figures.heatmaps import attribute_layer, class_heatmaps, layer_uri
from fieldmarks.dashboard.image import words
from fieldmarks.dashboard.image.sections import doubt, word_picture
from fieldmarks.dashboard.image.words import Words
from fieldmarks.dashboard.state import Key, Page, here, number
from fieldmarks.dashboard.try_picture.network import why_no_file
from fieldmarks.dashboard.try_picture.trial import Trial

#: Query parameters that the links of this page keep.
KEPT = (Key.VIEW, Key.X, Key.ACROSS, Key.DOWN, Key.VERSUS, Key.T)
#: Words of the two sentences whose heatmaps are shown.
MAX_WORDS = 8
NOVELTY_HELP = (
    f"Cosine distance of the pooled activations to those of the {K_NEAREST}th nearest training "
    "picture, ranked among the test pictures of the run. Of pictures like the test pictures "
    f"{ALARM:.0%} are called unfamiliar. Some unfamiliar pictures pass: those that activate "
    "the filters as training images do."
)


@dataclass(frozen=True)
class TrialView:
    """A trial explained as its predicted class and as another, with an attribute selected."""

    run: Run
    trial: Trial
    versus: int
    words: Words


def view_of(run: Run, trial: Trial) -> TrialView:
    """Return what the URL asks to see of a trial."""
    versus = number(Key.VERSUS, run.sizes["C"], "class")
    c = trial.predicted_c
    versus = trial.runner_up(c) if versus in (None, c) else versus
    first, second, both = trial.explained(c, versus)
    t = data.read_attribute(run)
    if t is None:
        t = both.for_first[0] if both.for_first else first.main_t
    return TrialView(run, trial, versus, Words(trial.image, 0, first, second, both, t, trial.photo))


def photo(view: TrialView) -> None:
    """Draw the picture as the network saw it, with the heatmap of the selected attribute."""
    src = data.data_uri(view.trial.photo)
    shown = [
        Picture(src=src, alt="The picture as the network saw it", caption="Picture"),
        word_picture(view.words, src),
    ]
    gallery.show(shown, key="try.photo", width=300, columns=2, slider=True)
    reason = why_no_file(view.run)
    st.caption(
        f"Network {view.trial.network_ms:.0f} ms, with decoding and neighbours "
        f"{view.trial.all_ms:.0f} ms.",
        help="It runs in a process of its own, because it could not be exported: "
        f"{heading.plain(reason)}."
        if reason
        else None,
    )


def familiarity(view: TrialView) -> None:
    """Say whether the picture is unfamiliar."""
    novelty = view.trial.novelty
    if novelty is None:
        st.caption("The run has no test pictures, so there are no reference distances.")
        return
    share = "all" if novelty.share_nearer == 1 else f"{int(100 * novelty.share_nearer)} % of"
    farther = f"farther from its nearest training images than {share} test images from theirs"
    if novelty.is_unlike:
        st.warning(
            f"**Unfamiliar**: {farther}. The network predicts a class for any picture; the "
            "sentences explain that prediction.",
            icon=":material/help:",
        )
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        share_farther = int(100 * (1 - novelty.share_nearer))
        nearer = f"nearer to training images than {share_farther} % of test images"
        said = "" if novelty.is_unlike else f"Familiar: {nearer}. "
        st.caption(f"{said}Distance {novelty.distance:.3f}.", help=NOVELTY_HELP)


def stored(run: Run, x: int) -> None:
    """Say what the run says of one of its images, from the original file."""
    true, predicted = labels.true_and_predicted(run, x)
    true_name, name = (heading.plain(labels.class_name(run, c)) for c in (true, predicted))
    confidence = float(run.images["confidence"].iloc[x])
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(
            f"From the original file the run predicts {name} ({confidence:.3f}); labelled "
            f"{true_name}."
        )
        st.page_link(
            "app_pages/images.py",
            label=f"Image {x}",
            icon=":material/arrow_forward:",
            query_params=links.params(x=x),
        )


def why_and_why_not(view: TrialView) -> None:
    """Draw what counts for either class, and both sentences, with a mark on each word."""

    def link(t: int) -> str:
        return here(Page.TRY, KEPT, t=labels.phrase(view.run, t))

    words.contrast(view.words, link, key="try.sentence.contrast")
    words.sentences(view.words, link, key="try.sentence")
    if view.words.has_presence:
        marks.legend("try.legend", has_captions=False, has_places=bool(view.words.places))


def probabilities(view: TrialView, n: int = 6) -> None:
    """Draw the most probable classes; a click explains why it is not that one."""
    heading.section(
        "Class probabilities",
        help="Softmax probability. Click a class to read why it is not that one.",
    )
    logits = np.asarray(view.trial.logits, float)
    p, c = softmax(logits), view.trial.predicted_c
    ranking.show(
        [
            ranking.Row(
                [(labels.class_name(view.run, each), _tone(each, c, view.versus))],
                f"{p[each]:.3f}",
                href=links.class_(each) if each == c else here(Page.TRY, KEPT, versus=each, t=None),
                bar=float(p[each]),
                title=f"softmax probability {p[each]:.4f}, logit {logits[each]:.2f}",
                active=each == view.versus,
                tone=_tone(each, c, view.versus),
            )
            for each in np.argsort(-logits, kind="stable")[:n].tolist()
        ],
        key="try.probabilities",
        to_top=False,
    )


def _tone(c: int, predicted: int, versus: int) -> str:
    return {predicted: "predicted", versus: "true"}.get(c, "")


def two_class_maps(view: TrialView) -> None:
    """Draw the class activation maps of both classes on a common scale."""
    heading.section(
        "Class activation maps",
        help="CAM: the sum over filters of W[c, f] times the feature map of f. Both on the same "
        "scale; only positive values, evidence for the class, are coloured.",
    )
    cs = [view.trial.predicted_c, view.versus]
    maps = class_heatmaps(view.trial.image, 0, cs)
    gallery.show(
        [
            Picture(
                src=data.data_uri(view.trial.photo),
                layer=layer_uri(cam),
                alt=f"Class activation map of {labels.class_name(view.run, c)}",
                href=links.class_(c),
                caption=labels.class_name(view.run, c),
                lines=[Line(f"logit {view.trial.logits[c]:.2f}", title="Score before the softmax")],
                tone=tone,
            )
            for c, cam, tone in zip(cs, maps, (gallery.PREDICTED, gallery.TRUE), strict=True)
        ],
        key="try.cam",
        width=190,
        fixed=True,
    )


def word_heatmaps(view: TrialView) -> None:
    """Draw the heatmap of each word of the two sentences."""
    heading.section("Words in the picture", "Heatmaps of the attributes of both sentences.")
    shown = view.words
    spoken = {word.t: word for word in (*shown.second.words, *shown.first.words)}
    ts = list(dict.fromkeys([*shown.first.attributes, *shown.second.attributes]))[:MAX_WORDS]
    tones = dict.fromkeys(shown.second.attributes, "true")
    tones |= dict.fromkeys(shown.first.attributes, "predicted")
    if not ts:
        st.caption("No attribute is named for either class.")
        return
    gallery.show(
        [
            Picture(
                src=data.data_uri(view.trial.photo),
                layer=attribute_layer(view.trial.image, 0, t),
                alt=f"Heatmap of {labels.phrase(view.run, t)}",
                href=links.word(view.run, t),
                caption=labels.phrase(view.run, t),
                lines=[Line(line) for line in lines_of(spoken[t], shown.places.get(t))],
                tone=tones[t],
                title="Images of the run in which it is seen",
            )
            for t in ts
        ],
        key="try.words",
        width=170,
        fixed=True,
    )


def lines_of(word: SeenWord, place: Place | None) -> list[str]:
    """Return what stands under the heatmap of a word."""
    lines = [marks.seen_in_words(word)] if np.isfinite(word.q) else []
    return [*lines, *filter(None, [doubt(word, place)])]


def neighbours(view: TrialView) -> None:
    """Draw the training images whose activations are most alike."""
    heading.section(
        "Nearest training pictures",
        help="By the cosine of pooled activations: alike to the network, not necessarily to the "
        "eye.",
    )
    run, c = view.run, view.trial.predicted_c
    gallery.show(
        [
            Picture(
                src=data.thumb(run, int(x)),
                alt=labels.image_alt(run, int(x)),
                href=links.image(run, int(x)),
                lines=[
                    Line(
                        labels.class_name(run, true := labels.true_and_predicted(run, int(x))[0]),
                        tone=_tone(true, c, view.versus) or "muted",
                    )
                ],
                badge=f"{cosine:.2f}",
                title=f"cosine of the activations {cosine:.4f}",
            )
            for x, cosine in zip(view.trial.nearest, view.trial.cosine, strict=True)
        ],
        key="try.nearest",
        width=110,
        to_top=True,
    )
