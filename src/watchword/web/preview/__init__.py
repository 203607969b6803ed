"""The pages as people would see them with settings that nobody has saved."""
