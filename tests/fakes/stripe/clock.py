"""The sandbox clock of the product beside it: one that is moved must not leave Stripe in the past."""

import psycopg

_QUERY = 'SELECT extract(epoch FROM "offset") FROM core_sandboxclock'


class SandboxClock:
    """By how many seconds the product's clock is ahead of the real one, as its database says at each question.

    Without an answer (the tables are not made yet, the database starts again) it is what it was.
    """

    def __init__(self, database_url: str) -> None:
        self._url = database_url
        self._connection: psycopg.Connection | None = None
        self._known = 0.0

    def __call__(self) -> float:
        try:
            if self._connection is None or self._connection.closed:
                self._connection = psycopg.connect(self._url, autocommit=True, connect_timeout=2)
            row = self._connection.execute(_QUERY).fetchone()
        except psycopg.Error:
            return self._known
        self._known = float(row[0]) if row else 0.0
        return self._known

    def close(self) -> None:
        if self._connection is not None:
            self._connection.close()
