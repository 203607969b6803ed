"""Settings of servers that tests build one after the other."""

from typing import Any

from watchword.core.keys import SecretKeys
from watchword.settings import Settings

_READ: dict[str, Settings] = {}


def settings_for(database_url: str, keys: SecretKeys, **values: Any) -> Settings:
    """Return the settings with *values*; the environment is read once for each of them."""
    # To read and check them takes longer than to build a server of them.
    name = repr(sorted(values.items()))
    if name not in _READ:
        _READ[name] = Settings(database_url=database_url, secret_keys=keys, **values)
    return _READ[name].model_copy(update={"database_url": database_url, "secret_keys": keys})
