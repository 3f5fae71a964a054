"""Saving a verdict on the page of an image, as Streamlit runs it."""

from streamlit.testing.v1 import AppTest

from fieldmarks.core.run.run import Run
from fieldmarks.dashboard.image import verdict_form


def page(folder, x):
    from pathlib import Path

    from fieldmarks.core.run.reading import read_run
    from fieldmarks.dashboard.image import verdict_form

    verdict_form.show(read_run(Path(folder)), x)


def test_a_saved_verdict_is_told_by_the_form_and_not_by_the_callback_of_its_button(
    run: Run, tmp_path, monkeypatch
):
    # Streamlit warns on the console of a fragment's callback that draws something
    monkeypatch.setenv("FIELDMARKS_DB", f"sqlite:///{tmp_path / 'verdicts.sqlite'}")
    save, toast, is_in_callback, told = verdict_form._save, verdict_form.st.toast, [False], []

    def callback(*args):
        is_in_callback[0] = True
        save(*args)
        is_in_callback[0] = False

    def recorded(*args, **kwargs):
        told.append(is_in_callback[0])
        return toast(*args, **kwargs)

    monkeypatch.setattr(verdict_form, "_save", callback)
    monkeypatch.setattr(verdict_form.st, "toast", recorded)
    app = AppTest.from_function(page, args=(str(run.folder), 0), default_timeout=120).run()
    app.text_area[0].set_value("it is a grey one")
    app.button[0].click().run()
    assert not app.exception
    assert told == [False]
