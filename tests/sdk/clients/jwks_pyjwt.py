"""Verifies tokens with PyJWT's client of key sets: one client for each address.

Reads a line of JSON for each token, and answers with the id of its key or with what is wrong.
"""

import json
import sys

import jwt

clients: dict[str, jwt.PyJWKClient] = {}
for line in sys.stdin:
    asked = json.loads(line)
    address, rate = asked["jwks"], asked["rate"]
    if address not in clients:
        # Its defaults, where time passes as fast as it does for the server.
        clients[address] = jwt.PyJWKClient(
            address, headers=asked["headers"], lifespan=300 / rate, cooldown_duration=30 / rate
        )
    try:
        key = clients[address].get_signing_key_from_jwt(asked["token"])
        # Its hours pass in seconds here, which is not what this is about.
        jwt.decode(
            asked["token"],
            key,
            algorithms=["ES256", "RS256"],
            audience=asked["audience"],
            issuer=asked["issuer"],
            options={"verify_exp": False, "verify_iat": False},
        )
        said = {"kid": key.key_id}
    except jwt.PyJWTError as error:
        said = {"error": repr(error)}
    print(json.dumps(said), flush=True)  # noqa: T201
