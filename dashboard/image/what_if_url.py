"""What a what-if changes, as text in the URL: ``white belly:0,long bill:2,filter 12``."""

from dataclasses import dataclass, field

from fieldmarks.core.run.phrases import t_of_phrase
from fieldmarks.core.run.run import Run
from fieldmarks.dashboard import labels
from fieldmarks.dashboard.state import Key, notice, text

LOWEST, UNCHANGED, HIGHEST, STEP = 0.0, 1.0, 2.0, 0.25
_FILTER = "filter "


@dataclass(frozen=True)
class Changes:
    """Factors of attributes and filters that are switched off.

    Attributes
    ----------
    factors : dict of int to float
        Of attributes t, in [0, 2]; factors of 1 are left out.
    off : list of int
        Filters that are switched off.
    """

    factors: dict[int, float] = field(default_factory=dict)
    off: list[int] = field(default_factory=list)


def changes_from_url(run: Run) -> Changes:
    """Return what the URL asks to change; what the run does not have is left out with a notice."""
    known, factors, off = t_of_phrase(run), {}, []
    for part in filter(None, map(str.strip, text(Key.IF).split(","))):
        phrase, _, raw = part.rpartition(":")
        f, factor = part.removeprefix(_FILTER), _factor(raw)
        if part.startswith(_FILTER) and f.isascii() and f.isdigit() and _below(f, run.sizes["F"]):
            off.append(int(f))
        elif phrase.lower() in known and factor is not None:
            factors[known[phrase.lower()]] = factor
        else:
            notice(f"The link asks for a change “{part[:60]}” that this run does not know.")
    kept = {t: factor for t, factor in factors.items() if factor != UNCHANGED}
    return Changes(kept, list(dict.fromkeys(off)))


def to_url(run: Run, changes: Changes) -> str | None:
    """Return the changes as `read` understands them, None for none."""
    parts = [f"{labels.phrase(run, t)}:{factor:g}" for t, factor in changes.factors.items()]
    return ",".join(parts + [f"{_FILTER}{f}" for f in changes.off]) or None


def _below(digits: str, size: int) -> bool:
    return len(digits) < 10 and int(digits) < size


def _factor(raw: str) -> float | None:
    """Return a factor on the sliders' grid, or None."""
    try:
        factor = float(raw)
    except ValueError:
        return None
    if not LOWEST <= factor <= HIGHEST:  # false for nan as well
        return None
    return round(factor / STEP) * STEP
