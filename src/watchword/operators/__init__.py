"""The people who run the server: how they come in, prove who they are, and leave."""
