"""The panel "Add words": what a run without words lacks, and the commands that add them."""

import shlex

import streamlit as st

from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import heading

#: What words are good for where a page does not say it itself.
LACKING = "Sentences, attributes, search and the places of attributes need words."


def show(run: Run, lacking: str = LACKING) -> None:
    """Draw the panel.

    Parameters
    ----------
    run : Run
        Without words.
    lacking : str
        What of the page needs them, a sentence.
    """
    with st.container(border=True, key="add_words"):
        heading.section("Add words", lacking)
        st.caption(
            "A model writes captions, once; with captions of yours leave out the first command. "
            "The second is the command that made this run, with the captions. The network is not "
            "run again. `fieldmarks words` finds phrases of yours in the pictures instead; in a "
            "notebook give `words=` to `fm.precompute`."
        )
        st.code("\n".join(commands(run)), language="bash")


def commands(run: Run) -> list[str]:
    """Return the two commands, with the data set of the run where it says which."""
    source = run.manifest.get("settings", {}).get("source", {})
    data = shlex.quote(str(source.get("data") or "DATA"))
    model = "--server http://localhost:11434/v1 --model qwen3-vl:8b"
    return [
        f"fieldmarks caption --data {data} {model} --out captions.jsonl",
        f"fieldmarks run --data {data} ... --captions captions.jsonl --name {run.name}",
    ]
