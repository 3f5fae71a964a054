"""The scores of a run as a value, and as the file ``evaluation.json``.

An `Evaluation` has a `Measure` for each thing that is measured; a measure has a `Row` for each
method, and a row has a `Score` for each column. The file holds the same, by the same names: a score
is ``{value, low, high, n}``, the figure, its bootstrap 95 % interval over classes and images, and
the number of cases; null where nothing could be measured.
"""

import dataclasses
import json
import types
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, TypeVar, get_args, get_origin, get_type_hints

import numpy as np

from fieldmarks.core.bootstrap import Score, differences
from fieldmarks.core.errors import RunError, one_line
from fieldmarks.core.outputs import atomic_write
from fieldmarks.core.run.files import EVALUATION, require_regular
from fieldmarks.core.run.run import Run

#: Raised when the file has other parts; older files are refused.
VERSION = 3
Kind = TypeVar("Kind")


class Role(StrEnum):
    """What a row is."""

    METHOD = "method"
    CONTROL = "control"
    DIFFERENCE = "difference"
    PAPER = "paper"


@dataclass(frozen=True)
class Row:
    """One method of a measure.

    Parameters
    ----------
    name : str
    scores : dict of str to Score
        By column.
    role : Role
    variant : str
        Of several rows of one method, such as "BLEU-4"; empty for a single one.
    """

    name: str
    scores: dict[str, Score]
    role: Role = Role.METHOD
    variant: str = ""


@dataclass(frozen=True)
class Measure:
    """What was measured of all methods.

    Parameters
    ----------
    rows : list of Row
        Methods and controls, then differences from the same resamples, then the paper's figures.
    counts : dict of str to int
        How many cases there are, by what they are.
    by_part : dict of str to list of Row
        The same figures for the attributes of each part.
    truth : str
        What the answers are compared with, where that depends on the data.
    """

    rows: list[Row]
    counts: dict[str, int] = field(default_factory=dict)
    by_part: dict[str, list[Row]] = field(default_factory=dict)
    truth: str = ""

    @classmethod
    def of(
        cls,
        scores: dict[str, dict[str, Score]],
        controls: Iterable[str] = (),
        pairs: Iterable[tuple[str, str]] = (),
        paper: dict[str, dict[str, float]] | None = None,
        **more: Any,
    ) -> "Measure":
        """Return the measure of scores by method and column.

        Parameters
        ----------
        scores : dict of dict of Score
        controls : iterable of str
            Methods that are controls.
        pairs : iterable of two str
            Methods whose paired difference is a row.
        paper : dict of dict of float
            The paper's figures by method and column.
        more
            Other fields.
        """
        among = set(controls)
        rows = [
            Row(name, row, Role.CONTROL if name in among else Role.METHOD)
            for name, row in scores.items()
        ]
        rows += [
            Row(name, row, Role.DIFFERENCE)
            for name, row in differences(scores, list(pairs)).items()
        ]
        return cls([*rows, *paper_rows(paper or {})], **more)

    def row(self, name: str, variant: str = "") -> Row:
        """Return a row by its name.

        Raises
        ------
        KeyError
            If there is none.
        """
        for each in self.rows:
            if (each.name, each.variant) == (name, variant):
                return each
        raise KeyError(name)

    @property
    def columns(self) -> list[str]:
        """The columns of all rows, in the order in which they first appear."""
        return list(dict.fromkeys(column for row in self.rows for column in row.scores))


def paper_rows(figures: dict[str, dict[str, float]]) -> list[Row]:
    """Return figures that the paper gives, without intervals, as rows."""
    return [
        Row(name, {column: Score(value) for column, value in row.items()}, Role.PAPER)
        for name, row in figures.items()
    ]


@dataclass(frozen=True)
class Scored:
    """What was scored.

    Parameters
    ----------
    images, of : int
        Test images that were scored, and all that could have been.
    captioned : int
        Those of them that have captions.
    accuracy : Score
        Of the network, in percent, on all of them.
    class_ids : list of int or None
        The only classes whose images were scored, None for all.
    """

    images: int
    of: int
    captioned: int
    accuracy: Score
    class_ids: list[int] | None = None


@dataclass(frozen=True)
class Bin:
    """A bin of a reliability curve.

    Parameters
    ----------
    n : int
        Pairs of an image and an attribute.
    q, share : float
        Their mean probability, and the share that is true.
    """

    n: int
    q: float
    share: float


@dataclass(frozen=True)
class SeenWords:
    """Whether the attributes that are seen in images are true of them; rows are methods.

    Parameters
    ----------
    sentence : Measure
        Percent of words that are true, at failures, right and all images; words a sentence, and
        percent of failures without any.
    contrast : Measure
        The same of each side of a contrast at failures, and percent of contrasts with a word on it.
    values : Measure
        Percent of pairs of values of one property with the named one first.
    search : Measure
        Recall and precision in percent, mAP.
    certainty : Measure
        Expected calibration error, mean AUC within classes, and percent of said words whose exact
        removal lowers the log-odds of the class.
    curve : list of Bin
        The reliability curve, without empty bins.
    """

    #: The row of what sentences, contrasts and searches use; the others are controls.
    METHOD: ClassVar[str] = "seen"
    sentence: Measure
    contrast: Measure
    values: Measure
    search: Measure
    certainty: Measure
    curve: list[Bin]


@dataclass(frozen=True)
class Evaluation:
    """The scores of a run on its test split.

    Parameters
    ----------
    scored : Scored
    default_estimator : str
    grounding : Measure
        PCK in percent at three radii.
    retrieval : Measure
        Recall, true negative rate and precision in percent, mAP and mAP within classes in [0, 1].
    bleu : Measure
        BLEU of sentences, by variant.
    diversity : Measure
        Different top attributes, and their entropy in bits.
    faithfulness : Measure
        Mean fall of logit and probability (the variants) by what was removed, and ratios.
    colours : Measure
        Percent of pairs with the right colour first.
    simulation : Measure
        Mean correlation with activations, over filters.
    names : Measure or None
        Percent of peaks at which the named attribute lies; None where neither places nor keypoints
        are known.
    verdict : Measure or None
        Precision and recall, in percent, of the verdict on names.
    verdicts : dict of str to int
        Filters of each verdict.
    seen_words : SeenWords or None
        None where presence is not claimed.
    version : int
    """

    scored: Scored
    default_estimator: str
    grounding: Measure
    retrieval: Measure
    bleu: Measure
    diversity: Measure
    faithfulness: Measure
    colours: Measure
    simulation: Measure
    names: Measure | None
    verdict: Measure | None
    verdicts: dict[str, int]
    seen_words: SeenWords | None = None
    version: int = VERSION

    @classmethod
    def without_words(cls, scored: Scored, verdicts: dict[str, int]) -> "Evaluation":
        """Return what is known of a run without words: the accuracy."""
        nothing = Measure([])
        return cls(scored, "", *[nothing] * 7, names=None, verdict=None, verdicts=verdicts)


def as_json(value: Any) -> Any:
    """Return dataclasses, lists and dicts as JSON values, without fields that are the default."""
    if isinstance(value, Score):
        return value.as_dict()
    if dataclasses.is_dataclass(value):
        fields = {each: getattr(value, each.name) for each in dataclasses.fields(value)}
        return {
            each.name: as_json(item)
            for each, item in fields.items()
            if each.name == "version" or item != _default(each)
        }
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    return [as_json(item) for item in value] if isinstance(value, list) else value


def _default(of: dataclasses.Field) -> Any:
    return of.default if of.default_factory is dataclasses.MISSING else of.default_factory()


def from_json(kind: type[Kind], value: Any) -> Kind:
    """Return JSON values as a dataclass; the inverse of `as_json`.

    Raises
    ------
    TypeError, ValueError
        If a part is missing, has another type or is not known.
    """
    return _read(kind, value)


def _read(kind: Any, value: Any) -> Any:
    origin, of = get_origin(kind), get_args(kind)
    if origin is types.UnionType:
        return None if value is None else _read(of[0], value)
    if origin is dict:
        return {key: _read(of[1], item) for key, item in _checked(dict, value).items()}
    if origin is list:
        return [_read(of[0], item) for item in _checked(list, value)]
    if kind is Score:
        figure, low, high = (
            np.nan if value[name] is None else float(value[name])
            for name in ("value", "low", "high")
        )
        return Score(figure, low, high, int(value["n"]))
    if isinstance(kind, type) and dataclasses.is_dataclass(kind):
        kinds, fields = get_type_hints(kind), _checked(dict, value)
        return kind(**{name: _read(kinds[name], item) for name, item in fields.items()})
    return kind(_checked(str, value)) if issubclass(kind, StrEnum) else _checked(kind, value)


def _checked(kind: type, value: Any) -> Any:
    if not isinstance(value, kind):
        raise TypeError(f"expected {kind.__name__}, got {type(value).__name__}")
    return value


def write_evaluation(run: Run, evaluation: Evaluation) -> None:
    """Write ``evaluation.json`` into a run."""
    write_json(run.folder / EVALUATION, as_json(evaluation))


def write_json(path: Path, values: dict) -> None:
    """Write JSON values in the place of an earlier file."""
    with atomic_write(path) as file:
        file.write(json.dumps(values, indent=1, ensure_ascii=False).encode("utf-8"))


def read_evaluation(run: Run) -> Evaluation | None:
    """Return the scores of a run, None where it has not been evaluated.

    Raises
    ------
    RunError
        If the file is damaged or of another version.
    """
    return read_scores(run, EVALUATION, Evaluation, VERSION, f"fieldmarks evaluate {run.name}")


def read_scores(run: Run, name: str, kind: type[Kind], version: int, command: str) -> Kind | None:
    """Return what a file of a run holds, None where there is none.

    Parameters
    ----------
    run : Run
    name : str
        Of the file.
    kind : type
        The dataclass that it holds.
    version : int
        The version that is read.
    command : str
        Writes the file again.

    Raises
    ------
    RunError
        If the file is damaged or of another version.
    """
    path = run.folder / name
    if not path.exists():
        return None
    remedy = f"write it again by '{command}'"
    require_regular(path)
    try:
        values = json.loads(path.read_text("utf-8"))
    except (ValueError, OSError, RecursionError):
        raise RunError(f"{path} cannot be read: {remedy}") from None
    if not isinstance(values, dict) or values.get("version") != version:
        raise RunError(f"{path} was written by another version of Fieldmarks: {remedy}")
    try:
        return from_json(kind, values)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        told = f"{type(error).__name__}: {one_line(error)}"
        raise RunError(f"{path} is damaged ({told}): {remedy}") from None
