"""Kavenegar: verification templates and texts in Iran."""
