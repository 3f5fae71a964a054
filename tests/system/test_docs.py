"""The documents say what the code does: tables and lists are compared with their source."""

import itertools
import re
import tomllib
from pathlib import Path

import pytest

from fieldmarks.core.run.contract import ARRAYS, PACKS
from fieldmarks.core.run.tables import TABLES

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])


def contract_rows() -> list[str]:
    """Return the contract table as it must be."""
    rows = [
        f"| `arrays/{spec.name}{'/<estimator>' if spec.per_estimator else ''}.npy` "
        f"| {', '.join(spec.dims)} | {spec.dtype} | {spec.meaning} |"
        for spec in ARRAYS
    ]
    rows += [f"| `{filename}` | X | bytes | {meaning} |" for filename, meaning in PACKS.values()]
    rows += [
        f"| `tables/{spec.name}.parquet` | {spec.rows} | table | {', '.join(spec.columns)} |"
        for spec in TABLES
    ]
    return rows


def test_the_contract_table_is_the_contract():
    contract = (ROOT / "docs" / "CONTRACT.md").read_text("utf-8")
    table = contract.split("<!-- contract -->")[1].strip().splitlines()[2:]
    assert table == contract_rows(), "write it again: python -m tests.support.contract_table"


def test_every_package_says_why_it_is_needed():
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    needed = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in needed if "#" not in line] == []


def test_the_distribution_needs_what_requirements_txt_explains():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = itertools.chain(*project["optional-dependencies"].values())
    named = [*project["dependencies"], *extras]
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    assert sorted(named) == sorted(
        line.partition("#")[0].strip() for line in lines if line and not line.startswith("#")
    )


def test_the_version_is_the_same_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    assert re.search(r"^version: (.+)$", citation, re.M)[1] == project["version"]


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(path):
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)[^)]*\)", path.read_text("utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.name)
def test_every_module_that_a_document_names_is_there(path):
    text = path.read_text("utf-8")
    named = re.findall(r"`((?:core|dashboard|precompute|tests|benchmarks)/[\w/]+\.\w+)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []


def test_every_document_is_in_the_readme():
    documents = [p.relative_to(ROOT).as_posix() for p in (ROOT / "docs").glob("*.md")]
    assert [name for name in documents if f"({name})" not in README] == []


def test_every_page_is_in_the_readme():
    pages = sorted(path.stem for path in (ROOT / "dashboard" / "pages").glob("[a-z]*.py"))
    section = README.split("## Pages")[1].split("\n## ")[0]
    named = [row.split("|")[1].strip().lower() for row in section.splitlines() if row[:2] == "| "]
    assert sorted(set(named) - {"page"}) == pages


def test_every_experiment_is_in_the_readme():
    section = README.split("## Experiments")[1].split("\n## ")[0]
    pages = ("Experiments", "Attacks", "Lesson", "Blind test")
    assert [page for page in pages if f"| {page} |" not in section] == []


def test_every_command_is_in_the_readme():
    folders = ("precompute/commands", "precompute/experimental/commands")
    paths = [path for folder in folders for path in (ROOT / folder).glob("[a-z]*.py")]
    commands = sorted(path.stem.replace("_", "-") for path in paths)
    missing = [name for name in commands if f"fieldmarks {name}" not in README]
    assert missing == []
