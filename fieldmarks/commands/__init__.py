"""Commands that open the dashboard; the others are in `precompute/commands`."""
