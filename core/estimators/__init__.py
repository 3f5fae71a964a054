"""Estimators of p(t given f), the filter attribute p.d.f., behind one registry.

Importing the package registers all of them; `estimate` runs one by name.
"""

from fieldmarks.core.estimators.base import (
    DEFAULT_ESTIMATOR,
    ESTIMATORS,
    KEYPOINT_ESTIMATORS,
    Estimate,
    Inputs,
    Keypoints,
    divides,
    estimate,
    register_estimator,
    words,
)
from fieldmarks.core.estimators.encoding import encoding
from fieldmarks.core.estimators.literal import literal
from fieldmarks.core.estimators.mixture import mixture
from fieldmarks.core.estimators.places import places
from fieldmarks.core.estimators.ridge import ridge
from fieldmarks.core.experimental.keypoints import keypoints

__all__ = [
    "DEFAULT_ESTIMATOR",
    "ESTIMATORS",
    "KEYPOINT_ESTIMATORS",
    "Estimate",
    "Inputs",
    "Keypoints",
    "divides",
    "encoding",
    "estimate",
    "keypoints",
    "literal",
    "mixture",
    "places",
    "register_estimator",
    "ridge",
    "words",
]
