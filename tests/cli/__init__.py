"""The `watchword` command, as an operator types it."""
