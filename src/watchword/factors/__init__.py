"""Second factors: what people set up to prove themselves a second time."""
