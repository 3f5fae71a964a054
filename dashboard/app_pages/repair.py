"""Repair: the last layer changed by a recipe, previewed on images held out, then written."""

import shlex
from dataclasses import replace
from itertools import chain, count

import pandas as pd
import streamlit as st

from fieldmarks.core.comparison.comparison import Comparison
from fieldmarks.core.errors import FieldmarksError
from fieldmarks.core.repair.preview import REMOVAL, Judged, halves, preview, removal
from fieldmarks.core.repair.recipe import Labels, Recipe
from fieldmarks.core.repair.repaired import before_and_after, changed_words, write_repaired
from fieldmarks.core.run.listing import list_runs
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import data, heading, links
from fieldmarks.dashboard.compare.view import image_in_both
from fieldmarks.dashboard.repair import baselines, fits, recipe_form, suggested, view
from fieldmarks.dashboard.state import Key, number
from fieldmarks.dashboard.verdicts import latest_of

#: The judged head, its comparison with the network's, and the words that changed.
Previewed = tuple[Judged, Comparison, pd.DataFrame]
_WRITTEN, _PROBLEM = "repair.written", "repair.problem"


def main() -> None:
    """Draw the page."""
    run = data.current_run()
    heading.page(
        "Repair",
        "Changes the last layer: filters are removed, or it is refitted on the stored activations "
        "of the training images. Nothing is saved until you click Write.",
    )
    recipe, verdicts = recipe_form.recipe_from_url(run), latest_of(run)
    x = number(Key.X, run.sizes["X"], "image")
    is_chosen = recipe != Recipe()
    if x is not None and is_chosen:
        one_image(run, recipe, verdicts, x)
        return
    above = st.container()
    if not is_chosen:
        heading.section("Your own recipe")
    recipe_form.form(run, recipe, verdicts)
    if not is_chosen:
        st.info("Choose what to change, then preview it.", icon=":material/build_circle:")
        view.beside(lambda: baselines.asked_for(run))
        with above:  # last: the first visitor of a large run waits a second or two for slices
            suggested.show(run)
        return
    previewed = preview_or_reason(run, recipe, verdicts)
    if previewed is None:
        view.beside(lambda: baselines.asked_for(run))
        return
    after, comparison, words = previewed
    view.headline(baselines.unchanged(run), after, len(comparison.xs_first))
    beside = st.container()
    view.changed_images(comparison, after)
    view.where_changed(comparison, words)
    write_form(run, recipe, after)
    with beside:  # last, so that the repair can be read while the baselines are fitted
        others = _otherwise(run, recipe, verdicts)
        view.beside(lambda: baselines.fitted(run) | others | {"this repair": after})


def preview_key(run: Run, recipe: Recipe, verdicts: pd.DataFrame | None) -> str:
    """Return what a preview depends on, as text: verdicts only where the recipe reads them."""
    key = f"{data.identity(run)}:{recipe}"
    if recipe.labels is Labels.KEEP:
        return key
    judged = "" if verdicts is None else verdicts[["pattern", "is_reviewed"]].to_csv()
    return f"{key}:{'diagnoses' in run.table_names}:{judged}"


def preview_or_reason(run: Run, recipe: Recipe, verdicts: pd.DataFrame | None) -> Previewed | None:
    """Return the preview of a recipe; None, with the reason on the page, where there is none."""

    def make(bar: fits.Bar) -> Previewed:
        after = preview(run, recipe, verdicts=verdicts, progress=bar, so_far=bar.so_far)
        comparison = before_and_after(run, after.head, halves(run)[1])
        return after, comparison, changed_words(comparison)

    try:
        return fits.made_once(
            "Refitting the last layer" if recipe.is_refitted else "Removing filters",
            preview_key(run, recipe, verdicts),
            run,
            make,
        )
    except FieldmarksError as error:
        st.error(heading.plain(str(error)), icon=":material/error:")
        return None


def _otherwise(run: Run, recipe: Recipe, verdicts: pd.DataFrame | None) -> dict[str, Judged]:
    """Return what a removal does without a refit, where there is one, or with it."""
    if not recipe.is_refitted:
        refitted = replace(recipe, is_refitted=True)
        made = fits.made_once(
            "Refitting the last layer",
            f"{preview_key(run, refitted, verdicts)}:alone",
            run,
            lambda bar: preview(run, refitted, 0, verdicts, progress=bar, so_far=bar.so_far),
        )
        return {"removal and a refit": made}
    removed = _removal(run, recipe, preview_key(run, recipe, verdicts))
    return {} if removed is None else {REMOVAL: removed}


@st.cache_resource(max_entries=16, show_spinner=False)
def _removal(_run: Run, _recipe: Recipe, key: str) -> Judged | None:
    return removal(_run, _recipe)


def one_image(run: Run, recipe: Recipe, verdicts: pd.DataFrame | None, x: int) -> None:
    """Draw an image with the sentences before and after the repair."""
    previewed = preview_or_reason(run, recipe, verdicts)
    if previewed is None:
        return
    _, comparison, _ = previewed
    i = view.place_of(comparison, x)
    if i is None:
        st.info(f"Image {x} is not held out.", icon=":material/image_not_supported:")
        return
    titles = ("Before the repair", "After the repair")
    image_in_both(comparison, i, view.back_link(), titles)


def write_form(run: Run, recipe: Recipe, after: Judged) -> None:
    """Draw the name of the new run, the button that writes it, and the command that does so."""
    heading.section(
        "Write",
        "A new run beside this one: the same images, activations, maps and p(t | f), with another "
        "last layer, predictions and sentences. This run stays as it is.",
    )
    default = free_name(f"{run.name}-repaired")
    name_key = f"repair.name.{run.name}"
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name of the new run", default, max_chars=100, key=name_key, width=320)
        st.button(
            "Write the new run",
            icon=":material/save:",
            on_click=_write,
            args=(run, recipe, after, name_key),
        )
    if problem := st.session_state.pop(_PROBLEM, ""):
        st.error(heading.plain(problem), icon=":material/error:")
    if (written := st.session_state.get(_WRITTEN)) and written[0] == run.name:
        new = written[1]
        st.success(f"Run {heading.plain(new)} is written.", icon=":material/check:")
        st.page_link(
            "app_pages/compare.py",
            label=f"Compare {run.name} with {new}",
            icon=":material/difference:",
            query_params=links.params(**{Key.WITH: new}),
        )
        st.caption("Compute its diagnoses and scores:")
        st.code(
            f"fieldmarks suspects {new}\nfieldmarks evaluate {new}",
            language=None,
            wrap_lines=True,
        )
    st.caption("The same as a command, which also patches the checkpoint and diagnoses the run:")
    words = [*recipe.command(run), "--run-name", name or default, "--out", f"{name or default}.pth"]
    st.code(shlex.join(words), language=None, wrap_lines=True)


def free_name(name: str) -> str:
    """Return a name that no run has: this one, or with a number behind it."""
    taken = {each.name for each in list_runs()}
    names = chain([name], (f"{name}-{i}" for i in count(2)))
    return next(each for each in names if each not in taken)


def _write(run: Run, recipe: Recipe, after: Judged, name_key: str) -> None:
    name = st.session_state[name_key].strip()
    try:
        write_repaired(run, after.head, name, recipe.as_note(run))
    except FieldmarksError as error:
        st.session_state[_PROBLEM] = str(error)
    except OSError as error:
        st.session_state[_PROBLEM] = f"{error.strerror}: {error.filename}"
    else:
        st.session_state[_WRITTEN] = (run.name, name)


main()
