"""Probabilities of phrases in the images of a data set, and a page to strike out nonsense."""

import base64
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import jinja2
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image
from tqdm import tqdm

from fieldmarks.core.errors import DataError, one_line
from fieldmarks.core.input_file import MAX_LIST, read_text
from fieldmarks.core.outputs import atomic_write
from fieldmarks.precompute.captioning import prompt
from fieldmarks.precompute.captioning.cleaning import Cleaner
from fieldmarks.precompute.captioning.pictures import UnreadableError, picture_of
from fieldmarks.precompute.captioning.server import UnansweredError
from fieldmarks.precompute.captioning.soft_words import (
    MIN_APART,
    Calibration,
    calibrate,
    scores_of,
    texts_of,
    unit,
)
from fieldmarks.precompute.captioning.two_tower import TwoTower
from fieldmarks.precompute.captioning.writers import Writer
from fieldmarks.precompute.data.dataset import Dataset

#: Pictures of each kind on the page, their side in pixels, and what a model is shown.
N_SHOWN, THUMB, SIDE = 9, 96, 512
#: Probabilities that differ by less are equal on the page, which shows whole percents.
TIED = 0.005
#: Images that a calibration needs at least.
MIN_IMAGES = 20
_KEY = b"fieldmarks"


@dataclass(frozen=True)
class PhraseTable:
    """How likely each phrase is seen in each image.

    Parameters
    ----------
    phrases : list of T str
    p : ndarray of shape (X, T)
        In [0, 1], float32; NaN for an image that cannot be read.
    share, apart : ndarray of shape (T,)
        See `precompute.captioning.soft_words.Calibration`.
    """

    phrases: list[str]
    p: np.ndarray
    share: np.ndarray
    apart: np.ndarray

    def only(self, keep: np.ndarray) -> "PhraseTable":
        """Return some of the phrases."""
        phrases = [phrase for phrase, kept in zip(self.phrases, keep, strict=True) if kept]
        return PhraseTable(phrases, self.p[:, keep], self.share[keep], self.apart[keep])


def read_phrases(path: Path) -> list[str]:
    """Return the phrases of a list, one a line, in lower case, none twice.

    Raises
    ------
    DataError
        If it holds none.
    """
    lines = read_text(path, "a list of phrases", MAX_LIST).splitlines()
    phrases = list(dict.fromkeys(" ".join(line.lower().split()) for line in lines))
    if not any(phrases):
        raise DataError(f"expected a phrase a line in {path}, found none")
    return [phrase for phrase in phrases if phrase]


def propose_phrases(dataset: Dataset, writer: Writer, n: int) -> list[str]:
    """Return phrases that a language model proposes from the names of the classes.

    Raises
    ------
    DataError
        If it proposes none.
    """
    try:
        answer = writer.ask([], *prompt.vocabulary_prompt(dataset.class_names, n))
    except UnansweredError as error:
        raise DataError(f"no phrases could be proposed: {error}; give --phrases") from None
    cleaner = Cleaner(dataset.class_names)
    usable = cleaner.usable(prompt.list_in(answer.text), 2, 4)
    if not usable:
        raise DataError(f"{writer.name} proposed no phrases ({answer.text[:60]!r}): give --phrases")
    return usable


def phrase_table(
    dataset: Dataset,
    towers: TwoTower,
    phrases: Sequence[str],
    kind: str = "something",
    batch_size: int = 32,
    say: Callable[[str], None] = print,
) -> PhraseTable:
    """Return how likely each phrase is seen in each image, calibrated on the training images.

    Parameters
    ----------
    dataset : Dataset
    towers : TwoTower
    phrases : sequence of T str
    kind : str
        What the pictures are of, for the texts: "a bird".
    batch_size : int
        Pictures at a time.
    say : callable
        Is given lines to show.

    Raises
    ------
    DataError
        If too few images can be read.
    """
    texts = np.stack([unit(towers.texts(texts_of(each, kind))).mean(axis=0) for each in phrases])
    X, rows, parts = len(dataset.images), [], []
    n_unreadable = 0
    with tqdm(total=X, desc="words", unit="img", mininterval=0.5) as bar:
        for start in range(0, X, batch_size):
            xs, pictures = [], []
            for x in range(start, min(start + batch_size, X)):
                try:
                    pictures.append(picture_of(dataset, x, SIDE))
                    xs.append(x)
                except UnreadableError:
                    n_unreadable += 1
            if pictures:
                rows += xs
                parts.append(unit(towers.images(pictures)))
            bar.update(min(batch_size, X - start))
    if n_unreadable:
        say(f"{n_unreadable:,} images cannot be read and are skipped")
    is_train = dataset.images["is_train"].to_numpy(bool)[rows]
    if is_train.sum() < MIN_IMAGES:
        raise DataError(
            f"expected at least {MIN_IMAGES} training images to calibrate on, found "
            f"{int(is_train.sum())}"
        )
    scores = scores_of(np.concatenate(parts), unit(texts), phrases)
    fitted: Calibration = calibrate(scores[is_train])
    p = np.full((X, len(phrases)), np.nan, np.float32)
    p[rows] = fitted.probability(scores)
    return PhraseTable(list(phrases), p, fitted.share, fitted.apart)


def split_told(table: PhraseTable) -> tuple[PhraseTable, list[str]]:
    """Return the phrases that the model can recognise, and a line on the others."""
    told = table.apart >= MIN_APART
    others = [phrase for phrase, is_told in zip(table.phrases, told, strict=True) if not is_told]
    lines = []
    if others:
        shown = ", ".join(others[:12]) + (", ..." if len(others) > 12 else "")
        lines = [
            f"{len(others)} phrases dropped, because the model cannot distinguish them: {shown}"
        ]
    return table.only(told), lines


def write_table(path: Path, dataset: Dataset, table: PhraseTable, written_by: dict) -> None:
    """Write a table as Parquet, as ``run --words`` reads it."""
    columns = {"file_name": dataset.images["path"].to_numpy()}
    columns |= {phrase: table.p[:, t] for t, phrase in enumerate(table.phrases)}
    of = {"share": table.share.tolist(), "apart": table.apart.tolist(), "written_by": written_by}
    made = pa.Table.from_pandas(pd.DataFrame(columns), preserve_index=False)
    made = made.replace_schema_metadata({_KEY: json.dumps(of).encode()})
    with atomic_write(path) as file:
        pq.write_table(made, file)


def read_table_of(path: Path, written_by: dict) -> PhraseTable | None:
    """Return a table that the same command wrote, None for none or another."""
    try:
        read = pq.read_table(path)
        of = json.loads((read.schema.metadata or {})[_KEY])
    except (OSError, ValueError, KeyError, RecursionError, pa.ArrowException):
        return None
    if of.get("written_by") != written_by:
        return None
    phrases = [name for name in read.column_names if name != "file_name"]
    p = np.stack([read[name].to_numpy() for name in phrases], axis=1)
    return PhraseTable(phrases, p, np.array(of["share"]), np.array(of["apart"]))


def struck_out(table: PhraseTable, struck: Sequence[str]) -> PhraseTable:
    """Return the table without the phrases that a person excluded.

    Raises
    ------
    DataError
        If nothing is left.
    """
    keep = np.array([phrase not in set(struck) for phrase in table.phrases])
    if not keep.any():
        raise DataError("all phrases are excluded, so nothing is left")
    return table.only(keep)


def review_page(dataset: Dataset, table: PhraseTable, title: str) -> str:
    """Return an HTML page: each phrase with its likeliest and its least certain pictures.

    Nothing is loaded from elsewhere. Boxes strike phrases out; a link saves the list.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    thumbs: dict[int, str] = {}

    def shown(xs: np.ndarray, t: int) -> list[dict]:
        for x in xs.tolist():
            if x not in thumbs:
                thumbs[x] = _thumb(dataset, x)
        return [
            {"url": thumbs[x], "p": f"{table.p[x, t]:.0%}", "path": dataset.images["path"].iloc[x]}
            for x in xs.tolist()
        ]

    known = np.flatnonzero(np.isfinite(table.p).all(axis=1))
    phrases = []
    for t in np.argsort(-table.apart, kind="stable").tolist():
        p = table.p[known, t]
        likely = known[_likeliest(p)]
        uncertain = known[np.argsort(np.abs(p - 0.5), kind="stable")[:N_SHOWN]]
        phrases.append(
            {
                "phrase": table.phrases[t],
                "share": f"{(p >= 0.5).mean():.0%}",
                "likely": shown(likely, t),
                "uncertain": shown(uncertain, t),
            }
        )
    template = environment.get_template("words.html.jinja")
    return template.render(title=title, phrases=phrases, n_images=len(known))


def _likeliest(p: np.ndarray) -> np.ndarray:
    """Return the `N_SHOWN` likeliest images; of more that are as likely, at equal distances."""
    least = np.sort(p)[-min(N_SHOWN, len(p))] - TIED
    tied = np.flatnonzero(p >= least)
    places = np.linspace(0, len(tied) - 1, min(N_SHOWN, len(tied))).round().astype(int)
    return tied[places][np.argsort(-p[tied[places]], kind="stable")]


def _thumb(dataset: Dataset, x: int) -> str:
    try:
        image = picture_of(dataset, x, THUMB)
    except UnreadableError as error:
        raise DataError(f"a picture changed meanwhile: {one_line(error)}") from None
    buffer = io.BytesIO()
    square = Image.new("RGB", (THUMB, THUMB), (128, 128, 128))
    square.paste(image, ((THUMB - image.width) // 2, (THUMB - image.height) // 2))
    square.save(buffer, "JPEG", quality=80)
    return f"data:image/jpeg;base64,{base64.b64encode(buffer.getvalue()).decode()}"
