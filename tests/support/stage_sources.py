"""The modules of each stage and a digest of each, without docstrings.

An author who changes what a stage computes raises its number in `precompute.pipeline.registry`.
``tests/stage_versions.txt`` holds the number of each stage and the digests that belonged to it, so
that a test can tell when the code changed and the number did not. After a change write it again:

    python -m tests.support.stage_sources
"""

import ast
import hashlib
import io
import tokenize
from functools import cache
from pathlib import Path

from fieldmarks.precompute.pipeline.registry import STAGES

ROOT = Path(__file__).resolve().parents[2]
RECORD = Path(__file__).with_name("stage_versions.txt")
OWN = ("fieldmarks.core", "fieldmarks.precompute")
#: The module that computes each stage; what it imports belongs to it.
MODULES = {name: stage.module for name, stage in STAGES.items()}
#: What moves data and computes nothing of a run, and what is recorded as an input by its content.
LEFT_OUT = (
    "fieldmarks.core.errors",
    "fieldmarks.core.input_file",
    "fieldmarks.core.run",
    "fieldmarks.precompute.data",
    "fieldmarks.precompute.demo_world",
    "fieldmarks.precompute.parallel",
    "fieldmarks.precompute.pipeline.chunks",
    "fieldmarks.precompute.pipeline.registry",
    "fieldmarks.precompute.pipeline.work",
    "fieldmarks.precompute.resume",
)


def source(module: str) -> Path:
    """Return the file of a module of this project; an unknown module is an error."""
    path = ROOT.joinpath(*module.split(".")[1:])
    for candidate in (path.with_suffix(".py"), path / "__init__.py"):
        if candidate.is_file():
            return candidate
    raise ModuleNotFoundError(f"there is no module {module} in this project")


@cache
def imports(module: str) -> frozenset[str]:
    """Return the modules of this project that a module imports."""
    names = set()
    for node in ast.walk(ast.parse(source(module).read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from package import name`: a module of that name, else something of the package
            path = ROOT.joinpath(*node.module.split(".")[1:])
            members = [alias.name for alias in node.names if (path / f"{alias.name}.py").is_file()]
            names |= {f"{node.module}.{name}" for name in members}
            if len(members) < len(node.names):
                names.add(node.module)
    return frozenset(name for name in names if name.startswith(OWN))


def modules_of(stage: str) -> set[str]:
    """Return the modules that decide what a stage computes."""
    modules, todo = set(), [MODULES[stage]]
    while todo:
        module = todo.pop()
        is_left_out = any(f"{module}.".startswith(f"{name}.") for name in LEFT_OUT)
        if module not in modules and not is_left_out:
            modules.add(module)
            todo += imports(module)
    return modules


def code_digest(text: str) -> str:
    """Return the digest of a module's lines without comments, docstrings and blank lines.

    It is of the text and not of the syntax tree, which differs between versions of Python.
    """
    lines = text.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                for row in range(first.lineno - 1, first.end_lineno):
                    lines[row] = ""
    code = "\n".join(line.rstrip() for line in lines if line.strip())
    return hashlib.sha256(code.encode()).hexdigest()[:12]


def record() -> str:
    """Return the record as it is for the code as it is: versions first, then a line a module."""
    stages: dict[str, list[str]] = {}
    for stage in MODULES:
        for module in modules_of(stage):
            stages.setdefault(module, []).append(stage)
    lines = [f"{stage} {STAGES[stage].version}" for stage in MODULES]
    for module in sorted(stages):
        digest = code_digest(source(module).read_text("utf-8"))
        lines.append(f"{module} {digest} {' '.join(stages[module])}")
    return "\n".join(lines) + "\n"


def complaints(recorded: str, now: str) -> list[str]:
    """Return what an author has to do, a line for each stage whose code changed."""
    old, new = (
        {line.split()[0]: line.split()[1:] for line in r.splitlines()} for r in (recorded, now)
    )
    lines = []
    for stage in MODULES:
        changed = [
            module
            for module in sorted(old.keys() | new.keys())
            if old.get(module) != new.get(module)
            and stage in [*old.get(module, [])[1:], *new.get(module, [])[1:]]
        ]
        if changed and old.get(stage) == new[stage]:
            lines.append(
                f"{', '.join(changed)} changed: raise the version of stage {stage} in "
                "precompute/pipeline/registry.py if its results change, then update the digests: "
                "python -m tests.support.stage_sources"
            )
    if not lines and recorded != now:
        lines.append("update the digests: python -m tests.support.stage_sources")
    return lines


if __name__ == "__main__":
    RECORD.write_text(record(), "utf-8")
