"""What MkDocs makes of the code: tutorials of the notebooks, the command line, the pictures."""

import argparse
import importlib
import pkgutil
import re
import shutil
import sys
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files

ROOT = Path(__file__).resolve().parent.parent
#: The package as it is installed, for mkdocstrings, which reads sources and imports nothing.
PACKAGE = ROOT / "build" / "docs" / "fieldmarks"
FOLDERS = ("core", "precompute", "dashboard")


def on_startup(command: str, dirty: bool) -> None:
    """Lay the sources out as the wheel does."""
    shutil.rmtree(PACKAGE, ignore_errors=True)
    only_python = shutil.ignore_patterns("__pycache__", "*.csv", "*.jpg", "*.toml")
    shutil.copytree(ROOT / "fieldmarks", PACKAGE, ignore=only_python)
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, PACKAGE / folder, ignore=only_python)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the generated pages and the dashboard's pictures."""
    for path in sorted((ROOT / "examples").glob("*.py")):
        page = f"tutorials/{path.stem}.md"
        files.append(File.generated(config, page, content=tutorial(path)))
    files.append(File.generated(config, "reference/cli.md", content=command_line()))
    for path in sorted((ROOT / "dashboard" / "pictures").glob("*.jpg")):
        files.append(File.generated(config, f"pictures/{path.name}", abs_src_path=str(path)))
    return files


def tutorial(path: Path) -> str:
    """Return a notebook in jupytext's percent format as Markdown."""
    _, *cells = re.split(r"^# %%", path.read_text("utf-8"), flags=re.MULTILINE)
    parts = []
    for cell in cells:
        kind, _, text = cell.partition("\n")
        if "[markdown]" in kind:
            parts.append(re.sub(r"^# ?", "", text.strip(), flags=re.MULTILINE))
        else:
            parts.append(f"```python\n{text.strip()}\n```")
    title, *rest = parts
    name = f"examples/{path.name}"
    head, _, introduction = title.partition("\n")
    source = f"This page is the notebook `{name}`; `jupytext --to ipynb {name}` converts it."
    return "\n\n".join([head, source, introduction.strip(), *rest]) + "\n"


def command_line() -> str:
    """Return the help of every command as Markdown."""
    sys.path.insert(0, str(ROOT))
    from fieldmarks import commands
    from fieldmarks.precompute import commands as precompute_commands

    parser = argparse.ArgumentParser(prog="fieldmarks")
    subparsers = parser.add_subparsers()
    introduction = (
        "`fieldmarks COMMAND --help` prints the same. Exit codes: 0, 1 (failed, with one line that "
        "says what to do) and 2 (bad arguments). In a checkout `python -m fieldmarks` is the same "
        "command. `FIELDMARKS_RUNS` is the folder of the runs; `FIELDMARKS_DB` is the database of "
        "the verdicts."
    )
    text = ["# Command line", introduction]
    own = (
        importlib.import_module(f"{commands.__name__}.{found.name}")
        for found in pkgutil.iter_modules(commands.__path__)
    )
    for module in (*own, *precompute_commands.modules()):
        command = module.add_parser(subparsers)
        command.formatter_class = lambda prog: argparse.HelpFormatter(prog, width=96)
        name = command.prog.rpartition(" ")[2]
        text.append(f"## {name}\n\n```text\n{command.format_help().strip()}\n```")
    return "\n\n".join(text) + "\n"
