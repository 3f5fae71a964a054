"""Slices: groups of test images that the network fails on, found and named in words.

A slice is a scope (all test images, those of a class, those called a class, or those of a class
that are right or called another one) under one or two conditions:

- *captions* of an image name an attribute; of an image without captions, it is *seen* (q(t, x)
  above 0.5, `core.presence`);
- *quality*: of the measures of an image this one lies farthest out, so far that it likely explains
  a failure (`core.causes.image_quality`);
- *background*: one of the groups of `core.causes.background_groups`.

An attribute is compared among images of one class: the class says most of the attributes, and what
is called a class and lacks what that class has is wrong by definition.

If the images without a condition are fewer and fail more often, these are the slice. A slice is
compared with the rest of its scope: difference of accuracy with Newcombe's interval, Fisher's exact
test, false discovery rate over all slices of the same kind of condition. Two conditions are joined
where each makes a difference among the images of the other. Slices are ranked by the accuracy that
their images certainly lack: the limit of the interval that is nearer to 0. A slice that is no
longer significant without the images of those before it is folded into the one that has most of its
failures. Of slices with the same failures, quality and background come before captions and what is
seen: that is read off the activations that also give the prediction, so it tells how the network
sees its failures rather than why.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import StrEnum

import numpy as np
from scipy import sparse

from fieldmarks.core.batching import blocks
from fieldmarks.core.causes.background_groups import UNKNOWN, group_colour, groups_of, words_of
from fieldmarks.core.causes.image_quality import LIKELY, quality_units
from fieldmarks.core.explanations.attribute_phrase import attribute_phrase
from fieldmarks.core.name_status import MAX_Q
from fieldmarks.core.presence.presence import SEEN, features_of, presence_of
from fieldmarks.core.run.per_run import per_run
from fieldmarks.core.run.run import Run
from fieldmarks.core.shares import fisher, least_p, newcombe, q_values

#: Images of a slice, and of the rest of its scope, at least.
MIN_IMAGES = 5
#: Failures of two classes that make them a scope, at least.
MIN_CONFUSED = 3
#: Conditions of a scope that are tried in pairs, the most significant ones.
N_JOINED = 12
#: Each of two joined conditions is significant at this level among the images of the other.
ADDS = 0.05
#: A slice stands for another with this share of its score and of its failures.
STANDS_FOR, MOST_FAILURES = 0.4, 0.6
#: Slices that are looked at further, the first by rank.
MOST = 300
_COLUMNS = 1024  # conditions at a time


class Kind(StrEnum):
    """What a condition is about."""

    CAPTIONS = "captions"
    SEEN = "seen"
    QUALITY = "quality"
    BACKGROUND = "background"


#: What of the object, rather than of the picture, a condition may be about.
_OF_OBJECT = (Kind.CAPTIONS, Kind.SEEN)


@dataclass(frozen=True)
class Condition:
    """What the images of a slice have, or lack.

    Parameters
    ----------
    kind : Kind
    number : int
        Attribute t, column of `quality_units`, or group of backgrounds.
    is_absent : bool
        The images of the slice are those without it.
    """

    kind: Kind
    number: int
    is_absent: bool = False


@dataclass(frozen=True)
class Scope:
    """The images that a slice is compared within; None for all classes.

    With both, images of ``true_c`` that are right or called ``predicted_c``.
    """

    true_c: int | None = None
    predicted_c: int | None = None


@dataclass(frozen=True, eq=False)
class Slice:
    """A group of test images that fails more often than the rest of its scope.

    Attributes
    ----------
    scope : Scope
    conditions : tuple of Condition
        One or two.
    xs : ndarray of int
        Its images.
    failures : ndarray of int
        Those that are misclassified.
    rest, rest_failures : ndarray of int
        The rest of the scope, and those of it that are misclassified.
    low, high : float
        95 % interval of the difference of accuracy, slice minus rest.
    p_value, q_value : float
        Fisher's exact test; false discovery rate.
    same : tuple of Slice
        Slices of the same failures, by rank.
    """

    scope: Scope
    conditions: tuple[Condition, ...]
    xs: np.ndarray
    failures: np.ndarray
    rest: np.ndarray
    rest_failures: np.ndarray
    low: float
    high: float
    p_value: float
    q_value: float
    same: tuple["Slice", ...] = field(default=(), repr=False)

    @property
    def n(self) -> int:
        """Images."""
        return len(self.xs)

    @property
    def n_right(self) -> int:
        """Correctly classified images."""
        return len(self.xs) - len(self.failures)

    @property
    def accuracy(self) -> float:
        """In [0, 1]."""
        return self.n_right / self.n

    @property
    def rest_accuracy(self) -> float:
        """Of the rest of the scope, in [0, 1]."""
        return 1 - len(self.rest_failures) / len(self.rest)

    @property
    def score(self) -> float:
        """Failures that are certainly explained, times the share of the images that fail.

        A slice stands for another one where its score is not much lower.
        """
        return len(self.failures) * max(-self.high, 0.0) * (1 - self.accuracy)


@dataclass(frozen=True)
class Slices:
    """What was found, by descending rank, and how many slices were tested."""

    found: list[Slice]
    n_tested: int


@per_run
def slices(run: Run) -> Slices:
    """Return the slices of a run; see the module."""
    tables = _Tables.of(run)
    if not len(tables.xs) or not tables.is_wrong.any():
        return Slices([], 0)
    cells = _singles(tables)
    joined = _joined(tables, cells)
    cells = cells.joined_with(joined)
    q = _q_values(tables, cells)
    low, high = newcombe(
        cells.n - cells.k,
        cells.n,
        (cells.total - cells.n) - (cells.total_k - cells.k),
        cells.total - cells.n,
    )
    chosen = np.flatnonzero((q < MAX_Q) & (high < 0))
    # the simpler one of equals
    order = np.lexsort((cells.p[chosen], cells.second[chosen] >= 0, high[chosen]))
    found = []
    for i in chosen[order][:MOST]:
        conditions, inside, rest = tables.members(cells, int(i))
        found.append(
            Slice(
                tables.scopes[cells.scope[i]],
                conditions,
                tables.xs[inside],
                tables.xs[inside & tables.is_wrong],
                tables.xs[rest],
                tables.xs[rest & tables.is_wrong],
                float(low[i]),
                float(high[i]),
                float(cells.p[i]),
                float(q[i]),
            )
        )
    return Slices(fold(found), len(cells.p))


def _q_values(tables: "_Tables", cells: "_Cells") -> np.ndarray:
    """Return the false discovery rate of each slice among those of its kind.

    Efron (2008), "Simultaneous inference: When should hypothesis testing problems be combined?":
    thousands of words would hide the few backgrounds.
    """
    least, q = least_p(cells.n, cells.total_k, cells.total), np.ones(len(cells.p))
    of = np.where(cells.second >= 0, -1, tables.known[cells.first])
    for kind in np.unique(of):
        q[of == kind] = q_values(cells.p[of == kind], least[of == kind])
    return q


def fold(found: list[Slice]) -> list[Slice]:
    """Return the slices that stay significant without the images of those before them.

    Parameters
    ----------
    found : list of Slice
        By descending rank, all significant. Those that do not stay so are kept with the slice that
        has most of their failures.
    """
    level = max((each.p_value for each in found), default=0.0)
    kept: list[Slice] = []
    same: list[list[Slice]] = []
    covered = np.empty(0, int)
    for each in found:
        parts = [each.failures, each.xs, each.rest_failures, each.rest]
        k, n, other_k, other_n = (len(np.setdiff1d(part, covered)) for part in parts)
        is_worse = k * other_n > other_k * n
        if is_worse and fisher(k, n, k + other_k, n + other_n) <= level:
            kept.append(each)
            same.append([])
            covered = np.union1d(covered, each.xs)
        else:
            shared = [np.isin(each.failures, first.failures).sum() for first in kept]
            same[int(np.argmax(shared))].append(each)
    return [_represented(each, others) for each, others in zip(kept, same, strict=True)]


def _represented(first: Slice, others: list[Slice]) -> Slice:
    """Return the slice that stands for these, with the others."""

    def can_stand(each: Slice) -> bool:
        shared = np.isin(first.failures, each.failures).mean()
        return each.score >= STANDS_FOR * first.score and shared >= MOST_FAILURES

    able = [first, *filter(can_stand, others)]
    best = min(able, key=lambda each: any(c.kind in _OF_OBJECT for c in each.conditions))
    return replace(best, same=tuple(each for each in (first, *others) if each is not best))


@dataclass(frozen=True)
class _Cells:
    """Tested slices: scope, conditions, and the four numbers of Fisher's test."""

    scope: np.ndarray
    first: np.ndarray
    is_absent: np.ndarray
    second: np.ndarray  # -1 for none
    second_absent: np.ndarray
    k: np.ndarray  # wrong images of the slice
    n: np.ndarray  # its images
    total_k: np.ndarray  # of the whole scope
    total: np.ndarray
    p: np.ndarray

    def joined_with(self, other: "_Cells | None") -> "_Cells":
        if other is None:
            return self
        return _Cells(*map(np.concatenate, zip(vars(self).values(), vars(other).values())))  # noqa: B905


@dataclass(frozen=True)
class _Tables:
    """Test images, their conditions and their scopes.

    ``has`` (n, K) says which image has which condition, ``known`` (K,) which row of ``is_known``
    (kinds, n) says of which images that is known; ``within`` (S, n) which scope has which image.
    """

    xs: np.ndarray
    is_wrong: np.ndarray
    conditions: list[Condition]
    has: sparse.csc_array
    known: np.ndarray
    is_known: np.ndarray
    scopes: list[Scope]
    within: sparse.csr_array

    @classmethod
    def of(cls, run: Run) -> "_Tables":
        xs = np.flatnonzero(run.is_test & run.is_readable)
        is_wrong = ~run.is_right[xs]
        conditions, columns, known, is_known = [], [], [], []
        for kind, (made, has, of) in enumerate(_conditions(run, xs)):
            conditions += made
            columns.append(sparse.diags_array(of.astype(np.float32)) @ has)
            known += [kind] * len(made)
            is_known.append(of)
        has = sparse.csc_array(sparse.hstack(columns, format="csc"), dtype=np.float32)
        scopes, within = _scopes(run, xs)
        return cls(
            xs, is_wrong, conditions, has, np.array(known), np.array(is_known), scopes, within
        )

    def column(self, j: int, is_absent: bool) -> np.ndarray:
        """Return whether each image has condition j, or lacks it."""
        column = self.has[:, [j]].toarray()[:, 0] > 0
        return (~column if is_absent else column) & self.is_known[self.known[j]]

    def members(
        self, cells: _Cells, i: int
    ) -> tuple[tuple[Condition, ...], np.ndarray, np.ndarray]:
        """Return the conditions of a slice, its images and the rest, shape (n,), bool each."""
        scope = self.within[[int(cells.scope[i])]].toarray()[0] > 0
        inside = scope.copy()
        chosen = [(int(cells.first[i]), bool(cells.is_absent[i]))]
        if cells.second[i] >= 0:
            chosen.append((int(cells.second[i]), bool(cells.second_absent[i])))
        for j, is_absent in chosen:
            inside &= self.column(j, is_absent)
            scope &= self.is_known[self.known[j]]
        made = tuple(replace(self.conditions[j], is_absent=absent) for j, absent in chosen)
        return made, inside, scope & ~inside


def _conditions(
    run: Run, xs: np.ndarray
) -> Iterator[tuple[list[Condition], sparse.csc_array, np.ndarray]]:
    """Yield the conditions of each kind, which images have them, and of which that is known."""
    T, everywhere = run.sizes["T"], np.ones(len(xs), bool)
    is_captioned = run.images["n_captions"].to_numpy()[xs] > 0
    if T and is_captioned.any():
        made = [Condition(Kind.CAPTIONS, t) for t in range(T)]
        yield made, sparse.csc_array(run.counts[xs] > 0), is_captioned
    presence = presence_of(run) if T else None
    if presence is not None and not is_captioned.all():
        seen = [
            sparse.csr_array(presence.q(features_of(run, xs[block])) > SEEN)
            for block in blocks(len(xs), 2048)
        ]
        made = [Condition(Kind.SEEN, t) for t in range(T)]
        yield made, sparse.csc_array(sparse.vstack(seen)), ~is_captioned
    measures, units = quality_units(run)
    made, worst = [Condition(Kind.QUALITY, m) for m in range(len(measures))], units[xs].max(axis=1)
    is_fault = (units[xs] > LIKELY) & (units[xs] == worst[:, None])
    yield made, sparse.csc_array(is_fault), everywhere
    group = groups_of(run)
    if group is not None and (group[xs] >= 0).any():
        numbers = np.arange(int(group.max()) + 1)
        made = [Condition(Kind.BACKGROUND, int(g)) for g in numbers]
        yield made, sparse.csc_array(group[xs][:, None] == numbers), group[xs] != UNKNOWN


def _scopes(run: Run, xs: np.ndarray) -> tuple[list[Scope], sparse.csr_array]:
    """Return the scopes and which image is in which, shape (S, n)."""
    C = run.sizes["C"]
    true, predicted = (run.images[f"{side}_c"].to_numpy()[xs] for side in ("true", "predicted"))
    cells = np.bincount(true * C + predicted, minlength=C * C).reshape(C, C)
    np.fill_diagonal(cells, 0)
    scopes, rows = [Scope()], [np.arange(len(xs))]
    for c in range(C):
        scopes += [Scope(true_c=c), Scope(predicted_c=c)]
        rows += [np.flatnonzero(true == c), np.flatnonzero(predicted == c)]
    for a, b in np.argwhere(cells >= MIN_CONFUSED).tolist():
        scopes.append(Scope(a, b))
        rows.append(np.flatnonzero((true == a) & ((predicted == a) | (predicted == b))))
    starts = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    images = np.concatenate(rows)
    ones = np.ones(len(images), np.float32)
    return scopes, sparse.csr_array((ones, images, starts), (len(scopes), len(xs)))


def _singles(tables: _Tables) -> _Cells:
    """Return the slices of one condition that are large enough on both sides."""
    wrong = tables.is_wrong.astype(np.float32)
    known = tables.is_known.astype(np.float32)
    totals = np.asarray(tables.within @ known.T).astype(int)
    totals_k = np.asarray(tables.within @ (known * wrong).T).astype(int)
    failing = tables.within @ sparse.diags_array(wrong)
    of_object = np.array([each.kind in _OF_OBJECT for each in tables.conditions])
    is_of_a_class = np.array([each.true_c is not None for each in tables.scopes])
    parts = []
    for block in blocks(tables.has.shape[1], _COLUMNS):
        columns = tables.has[:, block]
        n = (tables.within @ columns).toarray().astype(int)
        k = (failing @ columns).toarray().astype(int)
        total, total_k = totals[:, tables.known[block]], totals_k[:, tables.known[block]]
        is_large = (np.minimum(n, total - n) >= MIN_IMAGES) & (total_k > 0) & (total_k < total)
        is_large &= is_of_a_class[:, None] | ~of_object[block]
        scope, first = np.nonzero(is_large)
        k, n, total_k, total = (each[is_large] for each in (k, n, total_k, total))
        # the smaller side that fails more is the slice
        is_absent = (2 * n > total) & ((total_k - k) * n > k * (total - n))
        k, n = np.where(is_absent, total_k - k, k), np.where(is_absent, total - n, n)
        parts.append((scope, first + block.start, is_absent, k, n, total_k, total))
    scope, first, is_absent, k, n, total_k, total = map(np.concatenate, zip(*parts, strict=True))
    none = np.full(len(scope), -1)
    p = fisher(k, n, total_k, total)
    return _Cells(
        scope, first, is_absent, none, np.zeros(len(scope), bool), k, n, total_k, total, p
    )


def _joined(tables: _Tables, cells: _Cells) -> _Cells | None:
    """Return the slices of two conditions that are large enough."""
    is_worse = cells.k * (cells.total - cells.n) > (cells.total_k - cells.k) * cells.n
    tried = np.flatnonzero(is_worse & (cells.p < ADDS))
    tried = tried[np.lexsort((cells.p[tried], cells.scope[tried]))]
    rows = []
    for chosen in np.split(tried, np.flatnonzero(np.diff(cells.scope[tried])) + 1):
        chosen = chosen[:N_JOINED]
        if len(chosen) < 2:
            continue
        s = int(cells.scope[chosen[0]])
        images = tables.within[[s]].indices
        wrong = tables.is_wrong[images]
        js, absent = cells.first[chosen], cells.is_absent[chosen]
        has = np.stack(
            [tables.column(int(j), bool(a))[images] for j, a in zip(js, absent, strict=True)]
        ).astype(int)
        known = tables.is_known[tables.known[js]][:, images].astype(int)
        n, k = has @ has.T, (has * wrong) @ has.T
        total, total_k = known @ known.T, (known * wrong) @ known.T
        for i, j in zip(*np.triu_indices(len(chosen), 1), strict=True):
            if min(n[i, j], total[i, j] - n[i, j]) < MIN_IMAGES:
                continue
            rows.append(
                (s, js[i], absent[i], js[j], absent[j], k[i, j], n[i, j], total_k[i, j],
                 total[i, j], k[i, i], n[i, i], k[j, j], n[j, j])
            )  # fmt: skip
    if not rows:
        return None
    s, i, i_absent, j, j_absent, k, n, total_k, total, k_i, n_i, k_j, n_j = np.array(rows).T
    p = fisher(k, n, total_k, total)
    adds = (k * n_i > k_i * n) & (k * n_j > k_j * n)
    adds &= (fisher(k, n, k_i, n_i) < ADDS) & (fisher(k, n, k_j, n_j) < ADDS)
    # where one adds nothing to the other the two were tested, and are not slice
    p = np.where(adds, p, 1.0)
    return _Cells(s, i, i_absent > 0, j, j_absent > 0, k, n, total_k, total, p)


def phrase(run: Run, found: Slice, condition: Condition) -> str:
    """Return a condition as a clause after "images": "whose captions name “white snow”"."""
    if condition.kind is Kind.QUALITY:
        words = quality_words(run)[condition.number]
        before = "not " if condition.is_absent else ""
        return f"that are {before}far {words} than training images"
    if condition.kind is Kind.BACKGROUND:
        before = "not " if condition.is_absent else ""
        return f"{before}on {background_name(run, found, condition)}"
    word = f"“{attribute_phrase(run, condition.number)}”"
    if condition.kind is Kind.CAPTIONS:
        return f"whose captions {'do not name' if condition.is_absent else 'name'} {word}"
    return f"in which {word} is {'not ' if condition.is_absent else ''}seen"


def background_name(run: Run, found: Slice, condition: Condition) -> str:
    """Return a background as a phrase: "a background of “white snow”", "a green background (3)"."""
    if ts := background_words(run, found, condition):
        return f"a background of “{attribute_phrase(run, ts[0])}”"
    colour = group_colour(run, condition.number)
    article = "an" if colour[0] in "aeiou" else "a"
    return f"{article} {colour} background (group {condition.number + 1})"


def background_words(run: Run, found: Slice, condition: Condition) -> list[int]:
    """Return the attributes that name the background of a slice, see `words_of`."""
    return words_of(run, condition.number, found.rest if condition.is_absent else found.xs)


@per_run
def quality_words(run: Run) -> list[str]:
    """Return what is said of an image that lies beyond the training images by each measure."""
    return [each.words for each in quality_units(run)[0]]


def subject(run: Run, found: Slice) -> str:
    """Return the images of a slice as a sentence names them."""
    conditions = " and ".join(phrase(run, found, each) for each in found.conditions)
    return f"{_of_scope(run, found.scope, found.n)} {conditions}"


def _of_scope(run: Run, scope: Scope, n: int) -> str:
    """Return the images of a scope: "22 images of Bibbed Fenwick"."""
    names = run.classes["name"]
    images = f"{n:,} image{'' if n == 1 else 's'}"
    if scope.true_c is None and scope.predicted_c is None:
        return images.replace("image", "test image")
    if scope.true_c is None:
        return f"{images} called {names[scope.predicted_c]}"
    if scope.predicted_c is None:
        return f"{images} of {names[scope.true_c]}"
    return f"{images} of {names[scope.true_c]} (right or called {names[scope.predicted_c]})"


def sentence(run: Run, found: Slice) -> str:
    """Return a slice as a sentence: "Of 22 images of A ... 1 is right, of the others 94 %."."""
    right = {0: "none is", 1: "1 is"}.get(found.n_right, f"{found.n_right:,} are")
    return f"Of {subject(run, found)} {right} right, of the others {found.rest_accuracy:.0%}."


def slice_key(run: Run, found: Slice) -> str:
    """Return a slice as text that finds it again, also in a later version of the run."""
    scope = [found.scope.true_c, found.scope.predicted_c]
    ids = ["" if c is None else str(run.classes["class_id"].iloc[c]) for c in scope]
    parts = []
    for each in found.conditions:
        what = str(each.number)
        if each.kind in (Kind.CAPTIONS, Kind.SEEN):
            what = str(run.attributes["phrase"].iloc[each.number])
        sign = "not " if each.is_absent else ""
        parts.append(f"{sign}{each.kind} {what}")
    return "|".join(["-".join(ids), *parts])


@per_run
def _by_key(run: Run) -> dict[str, Slice]:
    found = slices(run).found
    return {slice_key(run, each): each for first in found for each in (*first.same, first)}


def find_slice(run: Run, key: str) -> Slice | None:
    """Return the slice of a key, None where the run has none such."""
    return _by_key(run).get(key)
