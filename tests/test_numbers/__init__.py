"""Numbers with a fixed code."""
