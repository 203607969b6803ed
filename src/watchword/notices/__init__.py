"""Words to people about their accounts, where the one who changed something may be another."""
