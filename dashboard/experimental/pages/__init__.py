"""The pages of experiments, thin."""
