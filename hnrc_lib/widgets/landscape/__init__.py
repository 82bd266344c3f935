"""The loss of a real network in the plane in which its runs moved most."""
