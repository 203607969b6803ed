"""Rules of the house that import contracts cannot state."""
