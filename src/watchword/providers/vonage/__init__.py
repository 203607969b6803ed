"""Vonage SMS API, once Nexmo."""
