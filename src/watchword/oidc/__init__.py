"""Our own OpenID provider: authorization code with PKCE, tokens, keys, sessions, consent."""
