"""Who may be sent what, how often; and when guessing ends."""
