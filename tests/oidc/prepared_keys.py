"""RSA keys that were found before: to find one takes a tenth of a second."""

from functools import cache

from joserfc.jwk import ECKey, RSAKey

from watchword.oidc.keys import Algorithm, new_key


def prepared(algorithm: Algorithm) -> ECKey | RSAKey:
    """Return a new key, or the one RSA key of this process."""
    return _rsa_key() if algorithm == "RS256" else new_key(algorithm)


@cache
def _rsa_key() -> ECKey | RSAKey:
    return new_key("RS256")
