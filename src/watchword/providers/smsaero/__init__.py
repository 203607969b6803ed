"""SMS Aero."""
