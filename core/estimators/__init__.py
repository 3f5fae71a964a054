"""Estimators of p(t given f), the filter attribute p.d.f., behind one registry.

Importing the package registers all but the experimental ones; `estimate` runs one by name.
"""

from fieldmarks.core.estimators.base import (
    DEFAULT_ESTIMATOR,
    ESTIMATORS,
    EXPERIMENTAL,
    Estimate,
    Inputs,
    Keypoints,
    divides,
    estimate,
    has_quick_words,
    is_estimator,
    register_estimator,
    uses_keypoints,
    words,
)
from fieldmarks.core.estimators.encoding import encoding
from fieldmarks.core.estimators.literal import literal
from fieldmarks.core.estimators.mixture import mixture
from fieldmarks.core.estimators.places import places
from fieldmarks.core.estimators.ridge import ridge

__all__ = [
    "DEFAULT_ESTIMATOR",
    "ESTIMATORS",
    "EXPERIMENTAL",
    "Estimate",
    "Inputs",
    "Keypoints",
    "divides",
    "encoding",
    "estimate",
    "has_quick_words",
    "is_estimator",
    "literal",
    "mixture",
    "places",
    "register_estimator",
    "ridge",
    "uses_keypoints",
    "words",
]
