"""The people who sign in: rows and rules."""
