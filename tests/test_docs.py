"""The README says what the code does: tables and lists are compared with their source."""

import re
from pathlib import Path

import pytest

from core.runs.contract import ARRAYS, PACKS, TABLES

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text("utf-8")


def contract_rows() -> list[str]:
    """Return the README's contract table as it must be."""
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
    table = README.split("<!-- contract -->")[1].strip().splitlines()[2:]
    assert table == contract_rows(), "write it again: python -m tests.contract_table"


def test_every_package_says_why_it_is_needed():
    lines = (ROOT / "requirements.txt").read_text("utf-8").splitlines()
    needed = [line for line in lines if line and not line.startswith("#")]
    assert [line for line in needed if "#" not in line] == []


def test_every_link_to_a_file_in_the_readme_leads_somewhere():
    targets = re.findall(r"\]\((?!https?://|#)([^)]+)\)", README)
    assert [target for target in targets if not (ROOT / target).exists()] == []


def test_every_page_is_in_the_readme():
    pages = sorted(path.stem for path in (ROOT / "dashboard" / "app_pages").glob("[a-z]*.py"))
    if not pages:
        pytest.skip("no pages yet")
    section = README.split("## Pages")[1].split("\n## ")[0]
    named = [row.split("|")[1].strip().lower() for row in section.splitlines() if row[:2] == "| "]
    assert sorted(set(named) - {"page"}) == pages


def test_every_command_is_in_the_readme():
    commands = sorted(path.stem for path in (ROOT / "precompute" / "commands").glob("[a-z]*.py"))
    missing = [name for name in commands if f"python -m precompute {name}" not in README]
    assert missing == []
