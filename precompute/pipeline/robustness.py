"""Attacks and corruptions of images of a finished run, as a record in its folder."""

import re
from pathlib import Path

import numpy as np

from fieldmarks.core.corruptions.record import ADAPTIVE, LAYERED, PGD, AttackRecord, write_record
from fieldmarks.core.corruptions.words import Loss, words_lost
from fieldmarks.core.errors import DataError
from fieldmarks.core.experimental.attacks.detection import MIN_CHANGED, score_detection
from fieldmarks.core.run.files import check_name
from fieldmarks.core.run.run import Run
from fieldmarks.precompute.experimental import attacks
from fieldmarks.precompute.network.forward import threads_of_torch
from fieldmarks.precompute.pipeline.changed_pictures import ChangedPictures
from fieldmarks.precompute.pipeline.more_maps import choose_images, inputs_of_finished
from fieldmarks.precompute.resume.lock import locked


def attack(
    runs: Path, name: str, wanted: list[str], seed: int = 0, device: str = "auto"
) -> AttackRecord:
    """Change pictures of a run in all ways and write what the network makes of them.

    Parameters
    ----------
    runs : Path
        The folder of all runs.
    name : str
        Of the run.
    wanted : list of str
        One number: how many images to draw. Else images as `choose_images` reads them.
    seed : int
        Of the draw, the attacks' starts, noise and resamples.
    device : str

    Raises
    ------
    DataError
        If there is no such image, or none to draw.
    RunError
        If the run was made from other files, another network or other code than there is now.
    """
    with locked(runs, name):
        run = Run(runs / check_name(name))
        xs = images_to_attack(run, wanted, seed)
        inputs = inputs_of_finished(run, device)
        with threads_of_torch(inputs.workers):
            changed = ChangedPictures(run, inputs, seed)
            table, arrays, packs = changed.of(xs)
        statement = {
            "seed": seed,
            "steps": {
                PGD: attacks.PGD_STEPS,
                ADAPTIVE: attacks.ADAPTIVE_STEPS,
                LAYERED: attacks.ADAPTIVE_STEPS,
            },
        }
        record = write_record(run, table, arrays, packs, statement, changed.earlier)
        scores = {
            "words": losses_as_json(words_lost(run, record, seed)),
            "detection": detection_as_json(score_detection(run, record, seed)),
        }
        return write_record(run, table, arrays, packs, {**statement, **scores}, changed.earlier)


def images_to_attack(run: Run, wanted: list[str], seed: int) -> np.ndarray:
    """Return the images to change, ascending.

    Drawn are readable test images that are classified correctly and have captions.
    """
    if len(wanted) != 1 or not re.fullmatch(r"\d{1,9}", wanted[0]):
        return choose_images(run, wanted)
    captioned = (run.images["n_captions"] > 0).to_numpy()
    usable = np.flatnonzero(run.is_test & run.is_right & run.is_readable & captioned)
    if not len(usable) or not int(wanted[0]):
        raise DataError(
            f"expected correctly classified test images with captions in run {run.name!r}, found "
            f"{len(usable)}, and at least one to be asked for: name images, such as 17-17 or 20-40"
        )
    n = min(int(wanted[0]), len(usable))
    return np.sort(np.random.default_rng(seed).choice(usable, n, replace=False))


def losses_as_json(losses: list[Loss]) -> list[dict]:
    """Return the words that break first as JSON values."""
    return [
        {**vars(loss), "mean": loss.mean.as_dict(), "difference": loss.difference.as_dict()}
        for loss in losses
    ]


def detection_as_json(scored: list[dict]) -> list[dict]:
    """Return the scores of detectors as JSON values."""
    parts = ("detectors", "against failures")
    return [
        row
        | {part: {n: s.as_dict() for n, s in row[part].items()} for part in parts if part in row}
        for row in scored
    ]


def detection_lines(record: AttackRecord) -> list[str]:
    """Return the AUROC of detectors as lines of text."""
    scored = [row for row in record.statement["detection"] if "detectors" in row]
    if not scored:
        return [f"no attack changed {MIN_CHANGED} predictions of captioned images"]
    lines = ["AUROC against unchanged pictures, and against failures, with 95 % intervals"]
    for row in scored:
        lines.append(
            f"{row['kind']}, {row['strength']:g}/255: {row['changed']} of {row['n']} changed"
        )
        for name in row["detectors"]:
            cells = (_cell(row[part][name]) for part in ("detectors", "against failures"))
            lines.append("  " + name.ljust(42) + "   ".join(cells))
    return lines


def _cell(score: dict) -> str:
    if score["value"] is None:
        return "-"
    return f"{score['value']:.3f} [{score['low']:.3f}, {score['high']:.3f}]"
