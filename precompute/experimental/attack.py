"""Attacks on images of a finished run, as a record in its folder."""

from pathlib import Path

from fieldmarks.core.experimental.attacks.detection import MIN_CHANGED, score_detection
from fieldmarks.core.experimental.attacks.record import (
    ADAPTIVE,
    LAYERED,
    PGD,
    AttackRecord,
    write_attacks,
)
from fieldmarks.precompute.experimental import attacks
from fieldmarks.precompute.experimental.attacked_pictures import AttackedPictures
from fieldmarks.precompute.pipeline.robustness import images_of_run
from fieldmarks.precompute.pipeline.settings import NOT_MOVED, Moved


def attack(
    runs: Path, name: str, wanted: list[str], seed: int = 0, moved: Moved = NOT_MOVED
) -> AttackRecord:
    """Attack pictures of a run and write the network's outputs.

    Parameters
    ----------
    runs, name, wanted, seed, moved
        See `precompute.pipeline.robustness.corrupt_images`; the seed is also of the attacks'
        starts.

    Raises
    ------
    DataError
        If there is no such image, or none to draw.
    RunError
        If the run was made from other files, another network or other code than there is now.
    """
    with images_of_run(runs, name, wanted, seed, moved) as (run, xs, inputs):
        attacked = AttackedPictures(run, inputs, seed)
        made = attacked.of(xs)
        steps = {
            PGD: attacks.PGD_STEPS,
            ADAPTIVE: attacks.ADAPTIVE_STEPS,
            LAYERED: attacks.ADAPTIVE_STEPS,
        }
        statement = {"seed": seed, "steps": steps}
        record = write_attacks(run, *made, statement, attacked.earlier)
        statement["detection"] = detection_as_json(score_detection(run, record, seed))
        return write_attacks(run, *made, statement, attacked.earlier)


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
