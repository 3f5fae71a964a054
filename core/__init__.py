"""Fieldmarks without a dashboard: the functions that a notebook needs, imported when first used.

    from core import open_run, explain
    print(explain(open_run("demo"), 7).sentence)

Two functions, `search` and `what_if`, have the names of the rooms that hold them; these rooms can
be called, so that it does not matter which of the two a name stands for.
"""

from importlib import import_module

#: Public functions, and the modules that hold them.
_FUNCTIONS = {
    "open_run": "core.runs.run",
    "list_runs": "core.runs.listing",
    "explain": "core.explanations.explanation",
    "describe": "core.explanations.explanation",
    "contrast": "core.explanations.contrast",
    "ground": "core.explanations.grounding",
    "search": "core.search.search",
    "what_if": "core.what_if.ablation",
    "evaluate": "core.metrics.evaluation",
    "estimate": "core.estimators",
    "inputs_of": "core.estimators.inputs",
}


def __getattr__(name: str):
    if name not in _FUNCTIONS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_FUNCTIONS[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_FUNCTIONS})
