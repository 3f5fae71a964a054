"""The search field, with completion of attributes and classes."""

import numpy as np

from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import labels, links
from fieldmarks.dashboard.components.register import querybox_component
from fieldmarks.dashboard.state import Key, Page

#: Attributes that are offered as completions; rarer ones are found when typed in full.
N_OFFERED = 3000
#: Letters of an attribute in the example, so that two have room.
SHORT = 11
#: What the list keeps of the address when something else is searched for.
KEPT = [key for key in links.LIST_KEYS if key not in (Key.QUERY, Key.PAGE, Key.SORT)]


def show(run: Run, value: str) -> None:
    """Draw the field; Enter leads to the list of images with what was typed."""
    offered, classes = _offers(run)
    querybox_component(
        data={
            "value": value,
            "label": "Search for attributes, classes and correctness",
            "placeholder": example(run),
            "page": Page.IMAGES,
            "kept": [Key.RUN, *KEPT],  # of the address: the same for each list, so it is sent once
            "phrases": offered,
            "classes": classes,
        },
        key="search.box",
    )


@per_run
def example(run: Run) -> str:
    """Return a query of this run that the box has room for: an attribute, not another one."""
    counts = run.attributes["n_images"].to_numpy()
    common = [labels.phrase(run, int(t)) for t in np.argsort(-counts, kind="stable")]
    short = [phrase for phrase in common if len(phrase) <= SHORT]
    return ", not ".join(short[:2] or common[:1])


@per_run
def _offers(run: Run) -> tuple[list[dict], list[dict]]:
    counts = run.attributes["n_images"].to_numpy()
    offered = [
        {"text": labels.phrase(run, int(t)), "note": f"{counts[t]:,} images"}
        for t in np.argsort(-counts, kind="stable")[:N_OFFERED]
    ]
    classes = [
        {
            "text": labels.class_name(run, c),
            "search": f"{class_id:03d} {labels.class_name(run, c)}",
            "note": f"{class_id:03d}",
        }
        for c, class_id in enumerate(run.classes["class_id"])
    ]
    return offered, classes
