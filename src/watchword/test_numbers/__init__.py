"""Numbers with a fixed code, for tests and for whoever reviews an app."""
