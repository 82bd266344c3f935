"""The inverse as a picture: what (H + λI)⁻¹ and its rank-one relative do to a circle and to a gradient."""
