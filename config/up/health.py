"""Is a process of ours ready to serve."""

import http.client
from contextlib import closing


def answers_ok(address: str, port: int, path: str) -> bool:
    """Whether `http://address:port/path` answers 200. Asks directly, whatever proxy the environment names."""
    with closing(http.client.HTTPConnection(address, port, timeout=2)) as connection:
        try:
            connection.request("GET", path)
            return connection.getresponse().status == http.client.OK
        except (OSError, http.client.HTTPException):
            return False
