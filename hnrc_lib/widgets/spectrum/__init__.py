"""The eigenvalues of a speech model's Hessian as it trains, and what a damping leaves of them."""
