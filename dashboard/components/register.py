"""Components that Streamlit lacks: gallery, words, charts of links, table, matrix, map, query box.

Why components: in Streamlit 1.67 a link in Markdown or on an image opens a new tab and loads the
app again, and a button cannot be an image or a word of a sentence. These are real links (copy, new
tab, keyboard) that are followed without a new load. Their text is set by ``textContent``; nothing
from data is ever parsed as HTML.
"""

from pathlib import Path

from streamlit.components.v2 import component

_FOLDER = Path(__file__).parent / "assets"


def _register(name: str, *shared: str):
    def read(*names: str) -> str:
        files = [_FOLDER / each for each in names]
        return "\n".join(file.read_text("utf-8") for file in files if file.is_file())

    return component(
        f"fieldmarks_{name}",
        html='<div class="root"></div>',
        css=read("base.css", *(f"{each}.css" for each in (*shared, name))),
        js=read("links.js", *(f"{each}.js" for each in (*shared, name))),
    )


gallery_component = _register("gallery")
sentence_component = _register("sentence", "marks_on")
words_component = _register("words", "marks_on")
marks_component = _register("marks", "marks_on")
ranking_component = _register("ranking")
diverging_component = _register("diverging")
map_component = _register("map")
picture_component = _register("picture")
table_component = _register("table")
matrix_component = _register("matrix")
querybox_component = _register("querybox")
vocabulary_component = _register("vocabulary")
nav_component = _register("nav")
redirect_component = _register("redirect")
chips_component = _register("chips")
tour_component = _register("tour")
