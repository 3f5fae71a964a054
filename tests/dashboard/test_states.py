"""Every state a link: what a control is set to comes back where its link is opened afresh.

The controls are those of the pages, not listed: a new one that is not written into the link fails.
"""

import re
from dataclasses import dataclass
from urllib.parse import urlencode

import pytest

from fieldmarks.core.causes.diagnosis import write_diagnoses
from fieldmarks.core.review.saved_groups import SavedGroup, SavedGroups
from fieldmarks.core.review.verdicts import Verdict, Verdicts
from tests.support.attacked import write_attacked_run
from tests.support.faulty_run import write_faulty_run
from tests.support.live_run import write_live_run
from tests.support.pages import runs_and_verdicts, visit
from tests.support.second_run import write_second_run
from tests.support.streamlit_internals import (
    Block,
    BlockProto,
    Expander,
    Widget,
    click,
    is_single_select,
    tree_of,
)
from tests.support.synthetic_run import write_synthetic_run

pytestmark = pytest.mark.slow

#: Links of which every control is tried: run, page with its parameters.
STATES = [
    ("faulty", ""),
    ("faulty", "images"),
    ("faulty", "images?show=all"),
    ("faulty", "images?view=table"),
    ("faulty", "review"),
    ("faulty", "blind_test"),
    ("faulty", "images?x=FAILURE"),
    ("faulty", "images?x=FAILURE&tab=what+if"),
    ("faulty", "images?x=FAILURE&tab=captions&c=1&versus=2"),
    ("faulty", "filters"),
    ("faulty", "filters?c=1"),
    ("faulty", "filters?f=1"),
    ("faulty", "images?q=red+head"),
    ("faulty", "images?x=1&tab=grounding"),
    ("faulty", "classes"),
    ("faulty", "classes?c=1&versus=2"),
    ("faulty", "causes"),
    ("faulty", "images?view=confusion"),
    ("faulty", "images?view=map"),
    ("faulty", "images?view=map&colour=class"),
    ("faulty", "images?view=map&colour=p&region=0-0.900-1000"),
    ("faulty", "lesson"),
    ("faulty", "lesson?c=2&versus=0&view=quiz"),
    ("faulty", "repair"),
    ("faulty", "repair?labels=drop&hard=3"),
    ("many", "images?show=all"),
    ("many", "filters"),
    ("many", "images?q=wrong"),
    ("attacked", "corruptions"),
    ("attacked", "corruptions?show=noise&x=5"),
    ("attacked", "attacks?show=PGD&x=5"),
    ("attacked", "compare"),
    ("attacked", "compare?with=second"),
    ("attacked", "compare?with=second&show=fixed&tab=groups"),
    ("live", "try"),
    ("live", "try?view=run"),
    ("live", "try?x=3&across=10-60"),
]
#: Controls that are not part of a link, each with its reason.
NO_PART = {
    "Your name": "who somebody is; a link is for others",
    "Tags to add": "belongs to a verdict that is not given yet",
    "Name of the new run": "belongs to a run that is not written yet",
    "Name of the group": "belongs to a group that is not saved yet",
    "First run": "shows the run that is chosen above; nobody can change it",
    "Cause/verdict": "belongs to a verdict that is not saved yet",
    "Note": "belongs to a verdict that is not saved yet",
    "Tags": "belongs to a verdict that is not saved yet",
    "Reviewed": "belongs to a verdict that is not saved yet",
}
#: Always in a link: without it the newest run is shown, which changes.
ALWAYS = "Run"
KINDS = ("selectbox", "slider", "toggle", "checkbox", "button_group", "multiselect",
         "number_input", "pagination", "text_input", "text_area", "radio")  # fmt: skip


@dataclass(frozen=True)
class Control:
    """One control of a page: its kind, its name, and which of that name."""

    kind: str
    name: str
    place: int


def controls(app) -> dict[Control, Widget | Block]:
    """Return what can be set on a page; what only folds in the browser is not a state."""
    of_page: dict[Control, Widget | Block] = {}

    def nodes(block) -> None:
        for node in block.children.values():
            name = _name(node)
            if name is not None:
                place = sum((c.kind, c.name) == (node.type, name) for c in of_page)
                of_page[Control(node.type, name, place)] = node
            if hasattr(node, "children"):
                nodes(node)

    nodes(tree_of(app))
    return of_page


def _name(node) -> str | None:
    """Return what a control is called; None for what is none, or none that can be set."""
    if isinstance(node, Expander):
        return node.label if node.proto.id else None
    if isinstance(node, Block):
        is_tabs = isinstance(node.proto, BlockProto) and node.proto.HasField("tab_container")
        return "tabs" if is_tabs else None
    if node.type not in KINDS or node.proto.disabled:
        return None
    label = re.sub(r" :gray\[.*?\]$", "", getattr(node.proto, "label", ""))
    form = getattr(node.proto, "form_id", "")
    return f"{label}/verdict" if form == "verdict" and label == "Cause" else label


def value(control: Control, node):
    """Return what a control is set to."""
    if control.kind == "expander":
        return node.proto.expanded
    if isinstance(node, Block):
        return _titles(node)[node.proto.tab_container.default_tab_index]
    return node.value


def _titles(tabs: Block) -> list[str]:
    return [child.label for child in tabs.children.values()]


def other(control: Control, node):
    """Return something else that a control can be set to."""
    now = value(control, node)
    if control.kind in ("toggle", "checkbox", "expander"):
        return not now
    if control.kind == "slider":
        if isinstance(now, tuple):
            return now[0] + 10 * node.step, now[1] - node.step
        return now + node.step if now + node.step <= node.max else now - node.step
    if control.kind == "number_input":
        return now + 1
    if control.kind == "pagination":
        return 2 if now == 1 else 1
    if control.kind == "text_input":
        return "3"
    if isinstance(node, Block):
        return next((title for title in _titles(node) if title != now), None)
    if control.kind == "multiselect":
        return now[:-1] if len(now) > 1 else [node.options[-1]]
    options = list(range(len(node.options)))
    if control.kind == "button_group" and not is_single_select(node):
        return options[:1]
    shown = node.index if control.kind == "selectbox" else (node.indices or [None])[0]
    return next((i for i in options[::-1] if i != shown), None)


def chosen(control: Control, node):
    """Return what `set_to` is given to set a control to what it is set to now."""
    if control.kind == "selectbox":
        return node.index
    return list(node.indices) if control.kind == "button_group" else value(control, node)


def set_to(app, control: Control, wanted):
    """Set a control as a person does, with the form's button where it stands in one."""
    node = controls(app)[control]
    if isinstance(node, Block):
        if control.kind == "expander":
            return click(app, node.proto.id, bool_value=wanted)
        assert node.proto.tab_container.id, "tabs of the browser alone are not part of a link"
        return click(app, node.proto.tab_container.id, string_value=wanted)
    if control.kind == "selectbox":
        node.set_value(None) if wanted is None else node.select_index(wanted)
    elif control.kind == "button_group" and isinstance(wanted, int):
        press(node, [wanted])
    elif control.kind == "button_group" and isinstance(wanted, list):
        press(node, wanted)
    else:
        node.set_value(wanted)
    form = getattr(node.proto, "form_id", "")
    if form:
        next(b for b in app.button if b.proto.form_id == form).click()
    return app.run()


def press(node, places: list[int]) -> None:
    """Press buttons of a group by their places, for their values are not on the page."""
    options = [node.options[i] for i in places]
    node.__class__ = type("Pressed", (node.__class__,), {"formatted_values": options})


def parameters(app) -> dict[str, str]:
    """Return the parameters of the address."""
    asked = app.query_params.items()
    return {key: value if isinstance(value, str) else value[0] for key, value in asked}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("states")
    faulty = write_diagnoses(write_faulty_run(folder))
    write_second_run(write_attacked_run(folder), folder)
    write_live_run(folder)
    write_synthetic_run(folder, "many", X=120, F=60)
    url = f"sqlite:///{folder}/verdicts.sqlite"
    paths, dataset = faulty.images["path"].astype(str).tolist(), faulty.manifest["dataset"]
    verdicts, groups = Verdicts(url), SavedGroups(url)
    for x in faulty.failures[:2]:
        verdicts.save(Verdict(dataset, paths[x], tags=("blurred", "odd"), author="Ana"))
    for name in ("left", "right"):
        groups.save(SavedGroup(dataset, name, tuple(paths), "faulty"))
    verdicts.close()
    groups.close()
    return folder, int(faulty.failures[0])


@pytest.fixture(autouse=True)
def place(folder, monkeypatch):
    with runs_and_verdicts(folder[0], monkeypatch):
        yield


@pytest.mark.parametrize(("run", "link"), STATES)
def test_every_control_is_part_of_the_link_and_its_default_is_not(folder, run, link):
    link = link.replace("FAILURE", str(folder[1])) + f"{'&' if '?' in link else '?'}run={run}"
    page = link.partition("?")[0]
    at_first = visit(link)
    assert not at_first.exception
    before = parameters(at_first)
    tried = [c for c in controls(at_first) if c.name not in NO_PART]
    assert tried
    problems = []
    for control in tried:
        app = visit(link)
        node = controls(app)[control]
        usual, place, wanted = value(control, node), chosen(control, node), other(control, node)
        if wanted is None:
            continue  # there is nothing else to choose
        set_to(app, control, wanted)
        assert not app.exception, control
        after = parameters(app)
        now = controls(app).get(control)
        there = visit(f"{page}?{urlencode(after)}")
        assert not there.exception, control
        again = controls(there).get(control)
        if control.name == ALWAYS:
            assert after["run"] != run
            continue
        if after == before:
            problems.append(f"{control} is not in the link")
        elif now is None or again is None:
            problems.append(f"{control} is gone: {after}")
        elif value(control, again) != value(control, now) or value(control, now) == usual:
            problems.append(f"{control}: {value(control, now)!r}, opened {value(control, again)!r}")
        elif "=" not in link.replace(f"run={run}", ""):
            set_to(app, control, place)
            back = parameters(app)
            if set(back) - set(before):
                problems.append(f"{control}: the default leaves {back}")
    assert not problems
