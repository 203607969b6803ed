"""Any mail server that takes mail over SMTP."""
