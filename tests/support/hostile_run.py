"""Runs whose names, words, files, captions and verdicts are full of Markdown, LaTeX and HTML."""

import json
from contextlib import closing
from pathlib import Path

import numpy as np
import pandas as pd

from fieldmarks.core.attributes.synonym_candidates import SYNONYM_COLUMNS
from fieldmarks.core.causes.diagnosis import write_diagnoses
from fieldmarks.core.causes.finding import COLUMNS
from fieldmarks.core.experimental.blind_test.answers import Answer, Answers
from fieldmarks.core.review.saved_groups import SavedGroup, SavedGroups
from fieldmarks.core.review.verdicts import Verdict, Verdicts
from fieldmarks.core.run.files import MANIFEST, array_path
from fieldmarks.core.run.reading import read_run
from fieldmarks.core.run.run import Run
from tests.support.attacked import write_attacked_run
from tests.support.faulty_run import write_faulty_run
from tests.support.live_run import write_live_run
from tests.support.second_run import write_second_run

#: Every piece is read as markup where it stands without a backslash.
NAME = (
    "<script>evil</script> **b** [l](javascript:1) $x$ :red[r] `c` "
    "<a href='http://evil.example'>a</a> &lt;i&gt; ![p](http://evil.example/p.png) "
    "<img src=x onerror=\"document.title='evil'\"> "
    ":tada: :material/home: :streamlit: www.evil.example ana@evil.example HTTPS://evil.example "
    "-> --"
)
#: As long as the name of a group may be.
GROUP = "<img src=x onerror=evil()> **b** [l](javascript:1) $x$ :red[r] `c` evil"
NOTE = f"# evil note\n\n{NAME}\n====\n| a | b |\n|--|--|\n| 1 | 2 |\n\n---\n    code"
#: What is typed by people and stands on a page, beside what the data holds.
TAG, AUTHOR, DATASET = (f"evil {what} {GROUP}" for what in ("tag", "author", "data set"))


def write_hostile_runs(folder: Path) -> None:
    """Write runs named faulty, attacked, second and live, each full of markup."""
    write_diagnoses(write_faulty_run(folder))
    write_second_run(write_attacked_run(folder), folder)
    write_live_run(folder)
    for run in sorted(path for path in folder.iterdir() if path.is_dir()):
        _spoil(run)


def _spoil(folder: Path) -> None:
    run = read_run(folder)
    for table, columns in {
        "classes": ["name", "member"],
        "attributes": ["phrase", "noun", "plural", "adjective"],
        "images": ["path"],
        "diagnoses": [f"{column}_reason" for column in COLUMNS.values()],
    }.items():
        path = folder / "tables" / f"{table}.parquet"
        if not path.exists():
            continue
        frame = pd.read_parquet(path)
        for column in columns:
            frame[column] = [f"{NAME} {i}" for i in range(len(frame))]
        if table == "images":
            frame["problem"] = [f"{NAME}" if i == 1 else "" for i in range(len(frame))]
        frame.to_parquet(path, index=False)
    _write_captions(run)
    row = ("noun", f"{NAME} 1", f"{NAME} 2", 2.5, 9, 40, 12, 30, 4.0, 0, 3.0, 0, 2, 4)
    dtypes = {name: dtype for name, (dtype, _) in SYNONYM_COLUMNS.items()}
    table = pd.DataFrame([row], columns=list(SYNONYM_COLUMNS)).astype(dtypes)
    table.to_parquet(folder / "tables" / "synonym_candidates.parquet", index=False)
    path = folder / MANIFEST
    manifest = json.loads(path.read_text())
    path.write_text(json.dumps({**manifest, "arch": NAME, "dataset": DATASET, "problems": [NAME]}))


def _write_captions(run: Run) -> None:
    n_captions = run.images["n_captions"].to_numpy()
    texts = [f"caption {NAME}\n".encode() * int(n) for n in n_captions]
    (run.folder / "captions.bin").write_bytes(b"".join(texts))
    offsets = np.cumsum([0, *map(len, texts)]).astype(np.int64)
    np.save(array_path(run.folder, "caption_offsets"), offsets)


def write_hostile_verdicts(folder: Path, url: str) -> None:
    """Save what hostile people type on the runs: verdicts, tags, a group, blind answers."""
    run = read_run(folder / "faulty")
    paths = run.images["path"].astype(str).tolist()
    with closing(Verdicts(url)) as verdicts:
        for x, path in enumerate(paths):
            author = AUTHOR if x % 2 else f"{AUTHOR} 2"
            first = verdicts.save(
                Verdict(DATASET, path, note=NOTE, tags=(TAG,), is_reviewed=x < 40, author=author)
            )
            if x < 20:
                verdicts.save(Verdict(DATASET, path, first.pattern, NOTE, (TAG,), True, "Ben",
                                      version=first.version))  # fmt: skip
    with closing(SavedGroups(url)) as groups:
        groups.save(SavedGroup(DATASET, GROUP, tuple(paths[:30]), run.name))
    ids = run.classes["class_id"].tolist()
    with closing(Answers(url)) as answers:
        answers.save(Answer(DATASET, run.name, paths[1], 0, AUTHOR, ids[0], ids[0], tuple(ids[:4])))
