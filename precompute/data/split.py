"""The split of a data set: as its names say, or a stratified one where there is none.

Names of splits are those of Hugging Face's imagefolder: train, validation and test with their usual
variants, as whole names. Pictures that are equal or nearly equal stay on one side of a split made
here; where a split is given, those on both sides are reported.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fieldmarks.core.errors import DataError
from fieldmarks.precompute.data.duplicates import duplicate_groups

NAMES = {
    "train": ("train", "training"),
    "validation": ("validation", "valid", "val", "dev"),
    "test": ("test", "testing", "eval", "evaluation"),
}
#: Of a given split with more images only files with the same bytes are found on both sides.
_MOST_DECODED = 20_000
_SPLIT_OF = {name: split for split, names in NAMES.items() for name in names}
#: What a name may have behind it, so that "test tube" is not a split and "test_set" is one.
_BEHIND = re.compile(r"([-._ ]?(set|split|data|images?))?([-._ ]?\d+)?")


def split_of(name: str) -> str | None:
    """Return "train", "validation" or "test" for a name, None for another.

    >>> split_of("Training"), split_of("val-00"), split_of("test tube"), split_of("trainer")
    ('train', 'validation', None, None)
    """
    name = name.strip().lower()
    longest = max((each for each in _SPLIT_OF if name.startswith(each)), key=len, default="")
    is_split = longest and _BEHIND.fullmatch(name, len(longest))
    return _SPLIT_OF[longest] if is_split else None


@dataclass(frozen=True)
class Split:
    """Which images are used, and for what.

    Parameters
    ----------
    is_used : ndarray of shape (X,), bool
        Images of a validation split beside a test split are used for nothing.
    is_train : ndarray of shape (X,), bool
    problems : list of str
        What was decided, in sentences.
    is_drawn : bool
        Whether the test images were drawn here.
    """

    is_used: np.ndarray
    is_train: np.ndarray
    problems: list[str]
    is_drawn: bool = False


def make_split(
    names: Sequence[str],
    true_c: np.ndarray,
    files: Sequence[Path],
    test_share: float,
    seed: int,
    meanings: Mapping[str, str] | None = None,
) -> Split:
    """Return the split that the names say, or a new one where no name stands.

    Parameters
    ----------
    names : sequence of X str
        The split of each image as the data set calls it, empty for none.
    true_c : ndarray of shape (X,)
    files : sequence of X Path
        Compared for equal pictures.
    test_share : float
    seed : int
    meanings : mapping of str to str, optional
        "train", "validation" or "test" for names that say it otherwise, such as folds.

    Raises
    ------
    DataError
        If a name is not a split.
    """
    unique = sorted(set(names) - {""})
    given = dict(meanings or {})
    meaning = {name: given.get(name) or split_of(name) for name in unique}
    unknown = [name for name in unique if meaning[name] is None]
    if unknown:
        known = ", ".join(name for group in NAMES.values() for name in group)
        raise DataError(
            f"expected splits among {known}, found {unknown[0]!r}: say what each is by "
            f"--split-names {unknown[0]}=test ..."
        )
    if unused := sorted(set(given) - set(unique)):
        raise DataError(
            f"--split-names says what {unused[0]!r} is, and no image has this split; there are "
            f"{', '.join(unique) or 'none'}"
        )
    splits = np.array([meaning.get(name) or "" for name in names])
    present = set(meaning.values())
    if len(present) < 2:
        is_used = (splits != "") if present else np.ones(len(splits), bool)
        problems = _left_out(int((~is_used).sum()), "without a split")
        return _stratified(is_used, true_c, files, test_share, seed, problems)
    problems = _left_out(int((splits == "").sum()), "without a split")
    is_used = splits != ""
    if present == {"train", "validation", "test"}:
        problems += _left_out(int((splits == "validation").sum()), "of the validation split")
        is_used &= splits != "validation"
    elif present == {"train", "validation"}:
        problems.append("there is no test split: the validation split is used as one")
    is_train = splits == ("train" if "train" in present else "validation")
    return Split(is_used, is_train, problems)


def on_both_sides(files: Sequence[Path], is_train: np.ndarray) -> list[str]:
    """Say which test images are equal, or nearly so, to a training image of a given split.

    Parameters
    ----------
    files : sequence of X Path
    is_train : ndarray of shape (X,), bool
    """
    twins = [
        (x, next(other for other in group if is_train[other]))
        for x, group in duplicate_groups(files, _MOST_DECODED).items()
        if not is_train[x] and any(is_train[other] for other in group)
    ]
    if not twins:
        return []
    x, twin = min(twins)
    test, train = ("/".join(files[i].parts[-3:]) for i in (x, twin))
    told = (
        f"{len(twins)} of {int((~is_train).sum())} test images are training images too, "
        f"identical or nearly so, such as {test} and {train}: the accuracy is too high"
    )
    return [told]


def _left_out(n: int, why: str) -> list[str]:
    return [f"{n} images {why}: left out"] if n else []


def _stratified(
    is_used: np.ndarray,
    true_c: np.ndarray,
    files: Sequence[Path],
    test_share: float,
    seed: int,
    problems: list[str],
) -> Split:
    """Hold out a share of each class; a group of duplicates goes to one side as a whole."""
    groups = duplicate_groups(files)
    is_train, wanted = _drawn(is_used, true_c, groups, test_share, seed)
    n_test = int((is_used & ~is_train).sum())
    collapsed = n_test < wanted / 2
    if collapsed:
        is_train, _ = _drawn(is_used, true_c, {}, test_share, seed)
        n_test = int((is_used & ~is_train).sum())
    told = (
        f"there is no split: {n_test} of {int(is_used.sum())} images are held out as test "
        f"images, about {test_share:.0%} of each class, drawn with seed {seed}"
    )
    problems = [*problems, told]
    if groups:
        kept = (
            "so many that a split by groups would leave few test images: they are in both splits"
            if collapsed
            else "each group is in one split"
        )
        problems.append(
            f"{len(groups)} images occur more than once, identical or nearly so: {kept}"
        )
    return Split(is_used, is_train, problems, is_drawn=True)


def _drawn(
    is_used: np.ndarray,
    true_c: np.ndarray,
    groups: dict[int, list[int]],
    test_share: float,
    seed: int,
) -> tuple[np.ndarray, int]:
    """Return whether each image is trained on, and how many were to be held out."""
    order = np.random.default_rng(seed).permutation(len(true_c))
    is_train, n_wanted = np.ones(len(true_c), bool), 0
    for c in np.unique(true_c[is_used]):
        members = order[(true_c[order] == c) & is_used[order]]
        wanted = min(max(round(test_share * len(members)), 1), len(members) - 1)
        _hold_out(is_train, members.tolist(), groups, wanted)
        n_wanted += wanted
    return is_train, n_wanted


def _hold_out(
    is_train: np.ndarray, members: list[int], groups: dict[int, list[int]], wanted: int
) -> None:
    """Mark at most ``wanted`` of the members as test images, whole groups at a time."""
    inside, n_test = set(members), int((~is_train[members]).sum())
    for x in members:
        if n_test >= wanted:
            return
        together = groups.get(x, [x])
        n_more = sum(other in inside for other in together)
        if is_train[x] and n_test + n_more <= wanted:
            is_train[together] = False
            n_test += n_more
