"""What a filter is called on the pages."""

import numpy as np

from core.run import Run
from dashboard import links

#: False discovery rate below which an attribute names a filter.
MAX_Q = 0.05


def name(run: Run, f: int, most: int = 2) -> str:
    """Return the attribute that names filter f, several of them, or that it has none."""
    name_t, verdict = int(run.filters["name_t"].iloc[f]), str(run.filters["verdict"].iloc[f])
    if name_t >= 0:
        return links.phrase(run, name_t)
    if verdict != "several names":
        return verdict
    p, q = run.array("p_t_given_f")[f], run.array("q_value")[f]
    ts = np.argsort(-np.where(q < MAX_Q, p, 0), kind="stable")[:most]
    ts = [int(t) for t in ts if q[t] < MAX_Q]
    return " / ".join(links.phrase(run, t) for t in ts) or verdict


def label(run: Run, f: int) -> list[tuple[str, str]]:
    """Return a filter's number and name for a ranked list."""
    is_nameless = run.filters["verdict"].iloc[f] == "no nameable attribute"
    return [(f"{f}  ", "muted"), (name(run, f), "muted" if is_nameless else "")]
