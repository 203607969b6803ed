"""Codes, and the records of what a person has proved in a flow."""
