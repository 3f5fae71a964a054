"""Making the demo: its run over the painted world, a repair of it, what the wheel carries."""
