"""Clipping on a cliff: what five rules do to the gradient where a recurrent net's loss falls off."""
