"""What must always hold, walked through the assembled server; see docs/explanation/invariants.md."""
