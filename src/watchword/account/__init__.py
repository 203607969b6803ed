"""What a signed-in person may see and change of their own account."""
