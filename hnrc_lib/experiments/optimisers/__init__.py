"""The referee's experiment: ten optimisers on three speech tasks, tuned alike."""

from hnrc_lib.experiments.optimisers.referee import NAME, Config, run

__all__ = ["NAME", "Config", "run"]
