"""Estimators of p(t given f), the filter attribute p.d.f., behind one registry.

Importing the package registers all of them; `estimate` runs one by name.
"""

from core.estimators.base import (
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
from core.estimators.encoding import encoding
from core.estimators.keypoints import keypoints
from core.estimators.literal import literal
from core.estimators.mixture import mixture
from core.estimators.places import places
from core.estimators.ridge import ridge

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
