"""Formulas, estimators and measures over arrays: NumPy, SciPy and pandas only."""
