"""What requests find made for them: the services of one tenant, and those of the process."""
