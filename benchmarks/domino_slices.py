"""Runs Domino's own package: a child of `benchmarks.slices`, in an environment of its own.

    PYTHON benchmarks/domino_slices.py IN.npz OUT.npz

Domino 0.1.5 asks for scikit-learn 0.24.2, hence for Python 3.9:

    python3.9 -m venv DOMINO
    DOMINO/bin/pip install "scikit-learn==0.24.2" "numpy<1.24" "pandas<2" torch torchvision
    DOMINO/bin/pip install domino; DOMINO/bin/pip install --no-deps meerkat-ml==0.2.5

The settings are those of the paper: 128 principal components, 25 components of the mixture, and a
weight of 10 on labels and predictions. Only the start is by k-means: the start by confusions needs
as many components as pairs of classes, which are more than images here.
"""

import sys

import numpy as np
from domino import DominoSlicer

N_SLICES = 10


def main() -> None:
    """Write p(slice given image), shape (n, slices)."""
    with np.load(sys.argv[1]) as given:
        seen = {name: given[name] for name in ("embeddings", "targets", "pred_probs")}
    slicer = DominoSlicer(
        n_slices=N_SLICES,
        n_pca_components=128,
        n_mixture_components=25,
        y_log_likelihood_weight=10,
        y_hat_log_likelihood_weight=10,
        init_params="kmeans",
        random_state=0,
    )
    slicer.fit(**seen)
    np.savez(sys.argv[2], p=slicer.predict_proba(**seen))


if __name__ == "__main__":
    main()
