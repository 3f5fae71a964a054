"""The documents say what the code does: tables and lists are compared with their source."""

import itertools
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import fieldmarks as fm
from fieldmarks.core.run.contract import ARRAYS, PACKS
from fieldmarks.core.run.tables import TABLES

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
PAGES = sorted((ROOT / "docs").rglob("*.md"))
DOCUMENTS = sorted([*ROOT.glob("*.md"), *PAGES])


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
    contract = (ROOT / "docs" / "reference" / "contract.md").read_text("utf-8")
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


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")), ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(path):
    """The links of the site's pages are checked when it is built."""
    targets = re.findall(r"\]\((?!https?://|#)([^)#]+)[^)]*\)", path.read_text("utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_module_that_a_document_names_is_there(path):
    text = path.read_text("utf-8")
    named = re.findall(r"`((?:core|dashboard|precompute|tests|benchmarks)/[\w/]+\.\w+)`", text)
    assert [name for name in named if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_every_module_that_a_document_runs_is_there(path):
    named = re.findall(r"python -m ((?:benchmarks|tests)[\w.]+)", path.read_text("utf-8"))
    places = {each: ROOT / each.replace(".", "/") for each in named}
    assert [
        each
        for each, place in places.items()
        if not place.with_suffix(".py").exists() and not (place / "__main__.py").exists()
    ] == []


def test_every_document_is_in_the_readme_and_on_the_site():
    navigation = (ROOT / "mkdocs.yml").read_text("utf-8")
    for path in PAGES:
        assert f"({path.relative_to(ROOT).as_posix()})" in README
        assert path.relative_to(ROOT / "docs").as_posix() in navigation


def test_every_page_of_the_dashboard_is_documented():
    pages = sorted(path.stem for path in (ROOT / "dashboard" / "app_pages").glob("[a-z]*.py"))
    table = (ROOT / "docs/reference/pages.md").read_text("utf-8").split("\n## ")[0]
    named = [row.split("|")[1].strip().lower() for row in table.splitlines() if row[:2] == "| "]
    assert sorted(set(named) - {"page"}) == pages


def test_every_experimental_page_is_documented():
    text = (ROOT / "docs/reference/pages.md").read_text("utf-8")
    section = text.split("## Experimental pages")[1].split("\n## ")[0]
    pages = ("Experiments", "Attacks", "Lesson", "Blind test")
    assert [page for page in pages if f"| {page} |" not in section] == []


def test_every_public_function_is_documented():
    reference = (ROOT / "docs/reference/api.md").read_text("utf-8")
    missing = [name for name in fm._FUNCTIONS if f".{name}\n" not in reference]
    assert missing == []


@pytest.mark.slow
def test_the_site_is_built_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-3000:]
    reference = (tmp_path / "reference" / "cli" / "index.html").read_text("utf-8")
    for command in command_names():
        assert f'id="{command}"' in reference
    tutorial = (tmp_path / "tutorials" / "debug_a_failure" / "index.html").read_text("utf-8")
    assert "<h2" in tutorial
    assert "contrast" in tutorial
    elsewhere = re.findall(
        r'(?:<script[^>]+src|<link[^>]+stylesheet[^>]+href)="https?:[^"]*', tutorial
    )
    assert elsewhere == [], "the site loads nothing from elsewhere"


def command_names() -> list[str]:
    folders = ("fieldmarks/commands", "precompute/commands", "precompute/experimental/commands")
    paths = [path for folder in folders for path in (ROOT / folder).glob("[a-z]*.py")]
    return sorted(path.stem.replace("_", "-") for path in paths)
