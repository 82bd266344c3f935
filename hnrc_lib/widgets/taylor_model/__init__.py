"""Taylor models of first and second order, and how far they can be trusted."""
