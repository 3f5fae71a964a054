"""Captions of a data set by a model: images without one, the time it takes, what was dropped."""

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image
from tqdm import tqdm

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.captioning import prompt
from fieldmarks.precompute.captioning.captions_file import CaptionsFile, written_by_of
from fieldmarks.precompute.captioning.cleaning import Cleaner
from fieldmarks.precompute.captioning.pictures import SIDE, UnreadableError, picture_of
from fieldmarks.precompute.captioning.server import Answer, UnansweredError
from fieldmarks.precompute.captioning.writers import Writer
from fieldmarks.precompute.data.dataset import Dataset
from fieldmarks.precompute.parallel.prefetch import work_ahead

#: Images without an answer one after the other, behind which it ends.
MAX_FAILED = 5
#: Pictures that parts are proposed from.
N_SHOWN = 4
#: Batches that the estimate is made of, behind the first one, which also loads the model.
_TRIED = 3


@dataclass
class Summary:
    """What became of the images.

    Parameters
    ----------
    n_written, n_empty : int
        Lines that were written, and those of them without a caption.
    problems : list of str
        Of images that have no line: the next start tries them again.
    """

    n_written: int = 0
    n_empty: int = 0
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Batch:
    xs: list[int]
    answers: list[Answer | UnansweredError | UnreadableError]


def propose_parts(dataset: Dataset, writer: Writer, side: int = SIDE) -> list[str]:
    """Return the parts that a model proposes for a data set, from a few of its pictures.

    Raises
    ------
    DataError
        If it proposes none.
    """
    pictures = [picture_of(dataset, x, side) for x in _shown(dataset)]
    try:
        answer = writer.ask(pictures, *prompt.parts_prompt())
    except UnansweredError as error:
        raise DataError(f"no parts could be proposed: {error}; name them with --parts") from None
    cleaner = Cleaner(dataset.class_names)
    named = cleaner.usable(prompt.list_in(answer.text), 1, 2)
    usable = [part for part in named if part not in ("background", "parts")]
    if not usable:
        raise DataError(
            f"{writer.name} proposed no parts ({answer.text[:60]!r}): name them with --parts"
        )
    return usable[: prompt.MAX_PARTS]


def parts_of(path: Path) -> list[str] | None:
    """Return the parts that a file of captions was written for, None where there is none."""
    told = written_by_of(path)
    parts = told.get("parts") if told else None
    return [str(part) for part in parts] if isinstance(parts, list) and parts else None


def write_captions(
    dataset: Dataset,
    writer: Writer,
    out: Path,
    parts: Sequence[str] = (),
    *,
    side: int = SIDE,
    limit: int | None = None,
    overwrite: bool = False,
    say: Callable[[str], None] = print,
) -> Summary:
    """Write the captions of the images that have none in a file yet.

    Parameters
    ----------
    dataset : Dataset
    writer : Writer
    out : Path
        See `CaptionsFile`.
    parts : sequence of str
        What is asked about; a writer that follows no prompts is not asked.
    side : int
        Longest side of the pictures that the model is shown.
    limit : int, optional
        Images written at most, drawn evenly over the data set.
    overwrite : bool
        Replace a file that something else wrote.
    say : callable
        Is given lines to show.

    Raises
    ------
    DataError
        If the file is another's, or `MAX_FAILED` images one after the other get no answer.
    """
    text, schema = prompt.seen_prompt(parts) if writer.follows_prompts else ("", None)
    written_by = {
        "model": writer.name,
        "parts": list(parts),
        "prompt": prompt.VERSION if writer.follows_prompts else 0,
        "side": side,
    }
    cleaner, summary = Cleaner(dataset.class_names, parts), Summary()
    with CaptionsFile(out, written_by, overwrite) as file:
        paths = dataset.images["path"].array
        xs = [x for x in _spread(len(paths), limit) if paths[x] not in file.done]
        n_had = len(file.done)
        say(
            f"{len(xs):,} images to write, {n_had:,} in {out} already"
            if n_had
            else f"{len(xs):,} images to write"
        )
        progress = _Progress(len(xs), writer.batch_size * writer.parallel, say)
        n_failed = 0
        for batch in progress.over(_answered(dataset, writer, xs, side, text, schema)):
            for x, answer in zip(batch.xs, batch.answers, strict=True):
                if isinstance(answer, Answer):
                    caption = caption_in(answer.text, parts, cleaner)
                    file.add(paths[x], [caption] if caption else [], answer.text)
                    summary.n_written += 1
                    summary.n_empty += not caption
                    n_failed = 0
                    continue
                summary.problems.append(f"{paths[x]}: {answer}")
                n_failed += isinstance(answer, UnansweredError)
                if n_failed >= MAX_FAILED:
                    raise DataError(
                        f"{n_failed} images in a row got no answer; the last error: {answer}"
                    )
    for line in cleaner.told():
        say(line)
    return summary


def caption_in(text: str, parts: Sequence[str], cleaner: Cleaner) -> str:
    """Return the caption that an answer gives: of its parts where it is JSON, else of its prose."""
    looks = prompt.looks_in(text, parts) if parts else None
    if looks is not None:
        return cleaner.caption(looks)
    return "" if text.lstrip().startswith("{") else cleaner.prose(text)


def _answered(
    dataset: Dataset, writer: Writer, xs: list[int], side: int, text: str, schema: dict | None
) -> Iterator[_Batch]:
    """Yield the answers to all images, batch by batch, in order."""
    n = writer.batch_size
    tasks = [xs[start : start + n] for start in range(0, len(xs), n)]

    def load(batch: list[int]) -> list[Image.Image | UnreadableError]:
        return [_loaded(dataset, x, side) for x in batch]

    def write(batch: list[int], loaded: list[Image.Image | UnreadableError]) -> _Batch:
        pictures = [each for each in loaded if isinstance(each, Image.Image)]
        answers = iter(writer.write(pictures, text, schema) if pictures else [])
        return _Batch(
            batch, [each if isinstance(each, UnreadableError) else next(answers) for each in loaded]
        )

    with ThreadPoolExecutor(writer.parallel, "caption") as pool:
        if writer.parallel > 1:
            yield from work_ahead(pool, lambda b: write(b, load(b)), tasks, 2 * writer.parallel)
        else:
            for batch, loaded in zip(tasks, work_ahead(pool, load, tasks, 2), strict=True):
                yield write(batch, loaded)


def _loaded(dataset: Dataset, x: int, side: int) -> Image.Image | UnreadableError:
    try:
        return picture_of(dataset, x, side)
    except UnreadableError as error:
        return error


class _Progress:
    """Estimates the time from the first images, then shows a bar with the rate."""

    def __init__(self, n: int, at_once: int, say: Callable[[str], None]):
        self._n, self._at_once, self._say = n, at_once, say

    def over(self, batches: Iterator[_Batch]) -> Iterator[_Batch]:
        """Yield the batches."""
        started, n_done, n_tokens, is_told = time.monotonic(), 0, 0, False
        tried = _TRIED * self._at_once
        with tqdm(total=self._n, desc="captions", unit="img", mininterval=0.5) as bar:
            for batch in batches:
                yield batch
                n_done += len(batch.xs)
                n_tokens += sum(a.n_tokens for a in batch.answers if isinstance(a, Answer))
                bar.update(len(batch.xs))
                if not is_told and n_done >= tried and n_done < self._n:
                    is_told = True
                    rate = n_done / max(time.monotonic() - started, 1e-9)
                    bar.clear()
                    self._say(estimate(self._n - n_done, rate, n_tokens / n_done))


def estimate(n: int, rate: float, tokens: float = 0.0) -> str:
    """Return how long n images take, in a line.

    Parameters
    ----------
    n : int
    rate : float
        Images per second.
    tokens : float
        Per image; 0 where the model does not count them.

    >>> estimate(36_000, 2.0, 500.0).partition(";")[0]
    '2.00 images/s: about 5.0 h for 36,000 more, 18.0 million tokens'
    """
    seconds = n / rate
    units = ((3600, "h"), (60, "min"), (1, "s"))
    size, unit = next(each for each in units if seconds >= each[0] or each[0] == 1)
    took = f"{seconds / size:.1f} {unit}"
    cost = f", {n * tokens / 1e6:.1f} million tokens" if tokens else ""
    return (
        f"{rate:.2f} images/s: about {took} for {n:,} more{cost}; Ctrl-C stops; the same command "
        "resumes"
    )


def _spread(n: int, limit: int | None) -> list[int]:
    """Return the images to write: all, or ``limit`` of them at equal distances."""
    if limit is None or limit >= n:
        return list(range(n))
    return np.unique(np.linspace(0, n - 1, limit).round().astype(int)).tolist()


def _shown(dataset: Dataset) -> list[int]:
    """Return images of different classes that can be read, for the proposal of parts."""
    is_there = (dataset.images["problem"] == "").to_numpy(bool)
    first = dataset.images[is_there].reset_index().groupby("true_c")["index"].first().to_numpy()
    return [int(first[i]) for i in _spread(len(first), N_SHOWN)]
