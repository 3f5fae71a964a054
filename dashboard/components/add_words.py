"""The panel "Add words": what a run without words lacks, and the commands that add them."""

import shlex
from collections.abc import Iterator, Mapping

import streamlit as st

from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import heading

#: What words are good for where a page does not say it itself.
LACKING = "Sentences, attributes, search and heatmaps need words."
#: Settings in the manifest, by part, whose options are called otherwise than they.
_OTHERWISE = {"source": "network", "args": "network-args", "keep_order": "keep-class-order"}
#: What the options of the data set, the network and the run are by default.
_DATA: dict[str, object] = {
    **dict.fromkeys(("format", "images", "label", "file_name", "split", "split_names", "text")),
    "test_share": 0.3,
}
_RUN = {"maps": "all", "thumb_size": 224, "seed": 0, "device": "auto"}
_MAYBE = ("checkpoint", "arch", "input_size", "synonyms", "nouns", "min_images", "batch_size")


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
            "A model writes captions once, with an estimate of the time after the first "
            "pictures; skip the first command if you have captions. The second command is the "
            "one that made this run, plus the captions; the network does not run again."
        )
        st.code("\n".join(commands(run)), language=None, wrap_lines=True)
        st.caption(
            "Or an image-text model rates your phrases, one per line in phrases.txt; words.html "
            "shows each with its most likely and its least certain pictures, to exclude wrong "
            "ones. In a notebook, pass `words=` to `fm.precompute`."
        )
        st.code("\n".join(commands_of_phrases(run)), language=None, wrap_lines=True)


def commands(run: Run) -> list[str]:
    """Return the commands that write captions and add them, as they can be run."""
    model = "--server http://localhost:11434/v1 --model qwen3-vl:8b"
    data = _joined(_of_data(_settings(run)))
    return [
        f"fieldmarks caption {data} {model} --out captions.jsonl",
        f"{_run_again(run)} --captions captions.jsonl",
    ]


def commands_of_phrases(run: Run) -> list[str]:
    """Return the commands that find phrases in the pictures and add them."""
    data = _joined(_of_data(_settings(run)))
    model = "--model open_clip:ViT-B-32/laion2b_s34b_b79k --phrases phrases.txt"
    return [
        f"fieldmarks words {data} {model} --out words.parquet",
        f"{_run_again(run)} --words words.parquet",
    ]


def _settings(run: Run) -> dict:
    recorded = run.manifest.get("settings")
    return recorded if isinstance(recorded, dict) else {}


def _run_again(run: Run) -> str:
    """Return the command that made a run; its network in memory is named as what it is."""
    settings = _settings(run)
    network = settings.get("network") or {}
    options = [*_of_data(settings), *_of_network(network)]
    options += _given({name: settings.get(name) for name in _MAYBE}, dict.fromkeys(_MAYBE))
    options += _given({name: settings.get(name, usual) for name, usual in _RUN.items()}, _RUN)
    if settings.get("merge") is False:
        options.append("--no-merge")
    if settings.get("leave_out"):
        options += ["--leave-out", *map(str, settings["leave_out"])]
    for column in (settings.get("source") or {}).get("ignore") or []:
        options += ["--ignore", str(column)]
    if not settings.get("checkpoint") and not network.get("source"):
        options += ["--network", "FILE.py:FUNCTION"]  # it was in memory
    if run.folder.name:
        options += ["--runs", str(run.folder.parent)]
    return f"fieldmarks run {_joined(options)} --name {shlex.quote(run.name)}"


def _of_data(settings: dict) -> list[str]:
    source = settings.get("source") or {}
    given = {name: source.get(name, usual) for name, usual in _DATA.items()}
    follow = ["--follow-links"] if source.get("follow_links") is True else []
    return ["--data", str(source.get("data") or "DATA"), *_given(given, _DATA), *follow]


def _of_network(network: dict) -> list[str]:
    flags = {name: value for name, value in network.items() if not isinstance(value, bool)}
    options = list(_given(flags, dict.fromkeys(flags)))
    return [*options, *(["--keep-class-order"] if network.get("keep_order") else [])]


def _given(values: Mapping[str, object], usual: Mapping[str, object]) -> Iterator[str]:
    """Yield options and values where they are not the usual ones."""
    for name, value in values.items():
        if value in (None, [], ()) or value == usual[name]:
            continue
        yield "--" + _OTHERWISE.get(name, name).replace("_", "-")
        if name == "input_size" and isinstance(value, list | tuple):
            value = "x".join(map(str, value))
        yield from map(str, value if isinstance(value, list | tuple) else [value])


def _joined(options: list[str]) -> str:
    return " ".join(shlex.quote(option) for option in options)
