"""Requests to processes of this machine: for none is it worth to read the certificate store."""

import ssl
from functools import partial

import httpx2

NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""Trusts nobody. A client without it reads every certificate of the system, for 30 ms."""
PATIENCE = 60
"""Seconds, for each step of a request: a busy machine is no failure of a server."""

get = partial(httpx2.get, verify=NO_TLS, timeout=PATIENCE)
post = partial(httpx2.post, verify=NO_TLS, timeout=PATIENCE)
put = partial(httpx2.put, verify=NO_TLS, timeout=PATIENCE)
delete = partial(httpx2.delete, verify=NO_TLS, timeout=PATIENCE)
