"""Failure reports: one self-contained HTML file with images, CSV, JSON, JSON lines or FiftyOne's.

All have the same rows. Their content is treated as unsafe: the template escapes it, the
page's content security policy forbids scripts and remote content, and a cell that a spreadsheet
would evaluate as a formula is written as text.
"""

import base64
import json
from pathlib import Path

import jinja2
import numpy as np
import pandas as pd

from fieldmarks.core.causes.finding import COLUMNS, DECIDED, Pattern
from fieldmarks.core.errors import DataError, MissingRunError
from fieldmarks.core.explanations.contrast import contrast
from fieldmarks.core.explanations.explanation import explain
from fieldmarks.core.outputs import atomic_write
from fieldmarks.core.review.fiftyone import to_fiftyone
from fieldmarks.core.review.spreadsheet import join_tags, to_csv
from fieldmarks.core.run.run import Run

TEMPLATE = "report.html.jinja"
#: Columns of the explanations: of the predicted class, of the true class, and their contrast.
WHY = ("why_predicted", "why_true", "contrast")
#: A file of this name is in FiftyOne's format, which asks for it.
FIFTYONE = "samples.json"
NO_CAUSE = f"No cause is clear enough: no score is {DECIDED} or more."


def report_rows(run: Run, xs: np.ndarray, verdicts: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return the rows of a report, one per image, in the order of ``xs``.

    Parameters
    ----------
    run : Run
        With or without diagnoses.
    xs : ndarray of shape (n,)
        Images.
    verdicts : DataFrame, optional
        Latest verdicts indexed by path, as `core.review.verdicts.Verdicts.latest` returns them.
    """
    images = run.images.iloc[xs]
    names = run.classes["name"].to_numpy()
    true, predicted = (images[column].to_numpy() for column in ("true_c", "predicted_c"))
    why = [_why(run, int(x), int(c), int(t)) for x, c, t in zip(xs, predicted, true, strict=True)]
    table = pd.DataFrame(
        {
            "x": np.asarray(xs, dtype=int),
            "path": images["path"].to_numpy(),
            "true": names[true],
            "predicted": names[predicted],
            "confidence": images["confidence"].to_numpy().astype(float).round(4),
            "p_true": images["p_true"].to_numpy().astype(float).round(4),
            **pd.DataFrame(why, columns=list(WHY)),
        }
    )
    return table.join(_diagnoses(run, xs)).join(_verdicts(images["path"], verdicts))


def _why(run: Run, x: int, predicted: int, true: int) -> tuple[str, str, str]:
    """Return the sentences of both classes and what separates them; nothing without words.

    There is no contrast where the classes agree.
    """
    if not run.has_words:
        return "", "", ""
    first = explain(run, x, predicted)
    if predicted == true:
        return first.sentence, first.sentence, ""
    second = explain(run, x, true)
    return first.sentence, second.sentence, contrast(run, first, second).sentence


def _diagnoses(run: Run, xs: np.ndarray) -> pd.DataFrame:
    try:
        diagnoses = run.table("diagnoses").iloc[xs]
    except MissingRunError:
        empty = dict.fromkeys(["pattern", "score", "reason"], "")
        return pd.DataFrame(empty, index=range(len(xs)))
    scores = diagnoses[list(COLUMNS.values())]
    best = scores.to_numpy().argmax(axis=1)
    columns = np.array(list(COLUMNS.values()))[best]
    undecided = diagnoses["pattern"].to_numpy() == Pattern.UNDECIDED
    reasons = [diagnoses[f"{c}_reason"].iloc[i] for i, c in enumerate(columns)]
    return pd.DataFrame(
        {
            "pattern": diagnoses["pattern"].to_numpy(),
            "score": scores.to_numpy()[np.arange(len(xs)), best].astype(float).round(3),
            "reason": np.where(undecided, NO_CAUSE, reasons),
        }
    )


def _verdicts(paths: pd.Series, verdicts: pd.DataFrame | None) -> pd.DataFrame:
    columns = {"verdict": "pattern", "note": "note", "tags": "tags", "author": "author"}
    if verdicts is None or verdicts.empty:
        table = pd.DataFrame("", index=range(len(paths)), columns=list(columns))
        return table.assign(is_reviewed=False, version=0)
    matched = verdicts.reindex(paths).reset_index(drop=True)
    table = pd.DataFrame({new: matched[old] for new, old in columns.items()})
    table["tags"] = [join_tags(tags) if isinstance(tags, list) else "" for tags in table["tags"]]
    reviewed = matched["is_reviewed"].map(lambda value: value is True or value == 1)
    version = matched["version"].fillna(0).astype(int) if "version" in matched else 0
    return table.fillna("").assign(is_reviewed=reviewed.astype(bool), version=version)


def to_html(run: Run, table: pd.DataFrame, heading: str) -> str:
    """Return a report as one self-contained HTML file.

    Parameters
    ----------
    run : Run
        The run, for its images.
    table : DataFrame
        As `report_rows` returns it.
    heading : str
        The selection criteria in words.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    images = [
        {**record, "picture": base64.b64encode(run.packed("thumb", record["x"])).decode("ascii")}
        for record in table.to_dict("records")
    ]
    counts = table["pattern"].value_counts()
    return environment.get_template(TEMPLATE).render(
        run=run,
        heading=heading,
        images=images,
        counts=[(pattern or "no cause", int(n)) for pattern, n in counts.items()],
        n_reviewed=int(table["is_reviewed"].sum()),
    )


def to_json(run: Run, table: pd.DataFrame, heading: str) -> str:
    """Return a report as JSON."""
    records = json.loads(table.to_json(orient="records"))
    content = {"run": run.name, "images_chosen_by": heading, "images": records}
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def to_json_lines(table: pd.DataFrame) -> str:
    """Return a table as JSON lines, one image per line."""
    return table.to_json(orient="records", lines=True, force_ascii=False)


def write_report(path: Path, run: Run, table: pd.DataFrame, heading: str) -> None:
    """Write a report in the format of the file's suffix; `FIFTYONE` is FiftyOne's.

    Raises
    ------
    DataError
        If the suffix is none of .html, .csv, .json and .jsonl.
    """
    formats = {
        ".html": lambda: to_html(run, table, heading),
        ".csv": lambda: to_csv(table),
        ".json": lambda: to_json(run, table, heading),
        ".jsonl": lambda: to_json_lines(table),
    }
    if path.name == FIFTYONE:
        content = to_fiftyone(run, table)
    elif path.suffix in formats:
        content = formats[path.suffix]()
    else:
        raise DataError(
            f"a report ends in .html, .csv, .json or .jsonl, got {path.name!r}: rename it"
        )
    with atomic_write(path) as file:
        file.write(content.encode("utf-8"))
