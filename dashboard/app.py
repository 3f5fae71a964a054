"""Entry of the dashboard: ``streamlit run dashboard/app.py`` from any folder."""

import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parent.parent
if (ROOT / "fieldmarks").is_dir() and str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))  # a checkout: Streamlit knows the script's folder only

from fieldmarks.dashboard import data, frame, heading, preload, state  # noqa: E402

#: A file: the browser fetches the icons that Streamlit knows by name from another server.
ICON = Path(__file__).parent / "components" / "assets" / "icon.png"

preload.finish()
page = st.navigation(frame.pages(), position="hidden")
st.set_page_config(page_title=f"{page.title} · Fieldmarks", page_icon=ICON, layout="wide")
if frame.redirected(page.url_path):
    st.stop()
choice = data.choose()
frame.header(choice, page.url_path)
frame.warn_if_open_to_others()
notices = st.container()
if choice.run is None:
    frame.no_run(choice)
else:
    frame.note_head(choice.run)
    frame.draw(page)
for message in state.take_notices():
    notices.info(heading.plain(message), icon=":material/link_off:")
preload.begin()
