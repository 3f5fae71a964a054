"""Writes the table of docs/reference/contract.md: ``python -m tests.support.contract_table``."""

from pathlib import Path

from tests.system.test_docs import contract_rows

if __name__ == "__main__":
    path = Path(__file__).resolve().parents[2] / "docs" / "reference" / "contract.md"
    before, _, after = path.read_text("utf-8").split("<!-- contract -->")
    head = ["| file | axes | type | meaning |", "|---|---|---|---|"]
    table = "\n".join([*head, *contract_rows()])
    path.write_text(f"{before}<!-- contract -->\n{table}\n<!-- contract -->{after}", "utf-8")
