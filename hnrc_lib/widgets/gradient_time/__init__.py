"""The gradient through time: how far back a recurrent cell carries it, and what a clip can do."""
