"""Images, predictions, verdicts and tags in the JSON that FiftyOne imports.

One file, ``samples.json``: put it into a folder of its own and load it with
``fo.Dataset.from_dir(folder, dataset_type=fo.types.FiftyOneDataset)``. Without a ``metadata.json``
FiftyOne takes the fields as they are in the samples. ``filepath`` is absolute where the run knows
where its images lie; images are not copied.
"""

import json
from pathlib import Path

import pandas as pd

from fieldmarks.core.review.spreadsheet import split_tags
from fieldmarks.core.run.run import Run


def to_fiftyone(run: Run, table: pd.DataFrame) -> str:
    """Return rows of a report as FiftyOne's ``samples.json``.

    Parameters
    ----------
    run : Run
    table : DataFrame
        As `core.review.report.report_rows` returns it.
    """
    folder = image_folder(run)
    samples = [
        {
            "filepath": str(folder / row["path"]),
            "tags": [*split_tags(row["tags"]), *(["reviewed"] if row["is_reviewed"] else [])],
            "ground_truth": _classification(row["true"]),
            "predictions": _classification(row["predicted"], row["confidence"]),
            "diagnosis": _classification(row["pattern"], row["score"]),
            "verdict": _classification(row["verdict"]),
            "why_predicted": row["why_predicted"],
            "why_true": row["why_true"],
            "contrast": row["contrast"],
            "note": row["note"],
            "author": row["author"],
        }
        for row in table.to_dict("records")
    ]
    return json.dumps({"samples": samples}, indent=1, ensure_ascii=False) + "\n"


def _classification(label: str, confidence: object = None) -> dict | None:
    """Return a label as FiftyOne writes it, None for none."""
    if not label:
        return None
    known = {} if confidence in (None, "") else {"confidence": float(str(confidence))}
    return {"_cls": "Classification", "label": label, **known}


def image_folder(run: Run) -> Path:
    """Return the folder that the paths of images are below, as far as the run knows it."""
    source = run.manifest.get("settings", {}).get("source", {})
    data = Path(source.get("data") or ".")
    if source.get("images"):
        return Path(source["images"])
    if source.get("format") == "cub":
        return data / "images"
    return data if not data.suffix else data.parent
