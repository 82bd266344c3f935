"""Two trellises of real speech, a hidden Markov model's and CTC's, one cell at a time."""
