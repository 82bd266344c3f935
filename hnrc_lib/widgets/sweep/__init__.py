"""Every combination of damping, decay and clipping at which a network was trained, and what it misreads."""
