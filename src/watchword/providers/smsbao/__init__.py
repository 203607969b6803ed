"""SMSBao."""
