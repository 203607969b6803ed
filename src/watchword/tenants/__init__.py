"""Who rows belong to, and how a host name says so."""
