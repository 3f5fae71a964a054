"""Fieldmarks: an image classifier explains itself in words.

The functions that a notebook needs, imported when they are first used::

    import fieldmarks as fm

    run = fm.open_run("demo")
    print(fm.explain(run, 7).sentence)

In a checkout the folders `core`, `precompute` and `dashboard` lie beside this package and are found
as `fieldmarks.core` and so on; in an installation they lie inside it.
"""

from importlib import import_module
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
if not (Path(__file__).parent / "core").is_dir():
    __path__.append(str(_ROOT))

#: Public functions and the modules that hold them.
_FUNCTIONS = {
    "open_run": "fieldmarks.core.run.reading",
    "list_runs": "fieldmarks.core.run.listing",
    "explain": "fieldmarks.core.explanations.explanation",
    "describe": "fieldmarks.core.explanations.explanation",
    "contrast": "fieldmarks.core.explanations.contrast",
    "ground": "fieldmarks.core.explanations.grounding",
    "search": "fieldmarks.core.search.search",
    "what_if": "fieldmarks.core.explanations.ablation",
    "evaluate": "fieldmarks.core.scores.evaluation",
    "estimate": "fieldmarks.core.estimators",
    "launch": "fieldmarks.served",
    "WordlessError": "fieldmarks.core.errors",
    "inputs_of": "fieldmarks.core.estimators.inputs",
}


def __getattr__(name: str):
    if name == "precompute":  # a package that can be called, whether or not it was imported
        return import_module("fieldmarks.precompute")
    if name not in _FUNCTIONS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(_FUNCTIONS[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_FUNCTIONS, "precompute"})
