"""Weight decay on a quadratic loss: where each decay puts the minimum, and how steps get there."""
