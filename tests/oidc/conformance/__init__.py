"""The OpenID Foundation's modules for a provider, each a test of its name.

The suite itself is Java with MongoDB beside it. Its modules drive a browser through the provider
and look at what comes back; so do these, over HTTP, against the assembled application.
"""
