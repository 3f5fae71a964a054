"""Robustness: attacked and corrupted images, how sentences change, which words break first."""

import streamlit as st

from fieldmarks.core.corruptions.record import ATTACKS, AttackRecord, read_record
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, labels
from fieldmarks.dashboard.corruptions import view
from fieldmarks.dashboard.experimental import detection_scores as scores
from fieldmarks.dashboard.state import Key, bound, choice, notice, text


@st.cache_resource(max_entries=4, show_spinner=False)
def _record(_run: Run, key: str, stamp: int) -> AttackRecord | None:
    return read_record(_run)


def _stamp(run: Run) -> int:
    path = run.folder / "robustness" / "robustness.json"
    return path.stat().st_mtime_ns if path.exists() else 0


def main() -> None:
    """Draw the page."""
    run = data.current_run()
    heading.page(
        "Robustness",
        "Test images under adversarial attacks and natural corruptions: what happens to the "
        "prediction, the sentence, the filters and the heatmaps.",
    )
    record = _record(run, data.identity(run), _stamp(run))
    if record is None or not len(record.xs) or not record.kinds:
        st.info("This run has no attacked images. Compute them:", icon=":material/info:")
        st.code(f"fieldmarks attack {run.name}", language="bash")
        return
    x, kind, level = pick(run, record)
    view.show(run, record, x, kind, level)
    scores.show_words(run, record)
    scores.show_detection(record)


def pick(run: Run, record: AttackRecord) -> tuple[int, str, int]:
    """Draw the choice of image, kind of change and strength, and return it."""
    xs = [int(x) for x in record.xs]
    x = _asked_image(run, xs)
    kind = choice(Key.SHOW, record.kinds, record.kinds[0])
    levels = record.levels(kind)
    # half of the strongest attack: what changes most predictions and is not seen
    usual = list(levels)[-2 if kind in ATTACKS and len(levels) > 1 else len(levels) // 2]
    level = int(choice(Key.LEVEL, map(str, levels), str(usual)))
    left, right = st.columns([3, 7], vertical_alignment="bottom")
    below = st.columns([3, 7])[1]
    with left:
        st.selectbox(
            "Image",
            xs,
            format_func=lambda x: f"{x}  {labels.class_name(run, _true(run, x))}",
            help="The images of this record.",
            **bound(Key.X, x, default=xs[0], scope="robustness"),
        )
    with right:
        st.segmented_control(
            "Change",
            record.kinds,
            required=True,
            help="FGSM and PGD move every value by at most the strength; the adaptive attack also "
            "makes the words agree with the captions.",
            **bound(
                Key.SHOW,
                kind,
                default=record.kinds[0],
                scope="robustness",
                resets=(Key.LEVEL,),
            ),
        )
    with below:
        st.segmented_control(
            "Strength",
            list(levels),
            format_func=lambda n: view.strength_label(kind, levels[n]),
            required=True,
            **bound(Key.LEVEL, level, default=usual, scope="robustness"),
        )
    return x, kind, level


def _asked_image(run: Run, xs: list[int]) -> int:
    """Return the image that the URL names, or the first of the record."""
    asked = text(Key.X)
    if not asked:
        return xs[0]
    if asked in map(str, xs):
        return int(asked)
    notice(
        f"Image “{asked[:40]}” has no attacked pictures in this run: "
        f"“fieldmarks attack {run.name} --images …” makes some."
    )
    return xs[0]


def _true(run: Run, x: int) -> int:
    return int(run.images["true_c"].iloc[x])


main()
