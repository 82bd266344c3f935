"""The library against its peers, side by side, in one process: ``python -m benchmarks``."""
