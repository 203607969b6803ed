"""What is done to accounts, and by whom."""
