"""Damping explorer: what λ does to a step, on three surfaces and by five methods."""
