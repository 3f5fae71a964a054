"""Commands of the experiments, one a file; their help begins with "experimental"."""
