"""Why `make up` ends before its time."""


class StartupError(RuntimeError):
    """The product cannot be started; the message says why and what to do."""


class StopRequestedError(Exception):
    """Ctrl-C or SIGTERM arrived while a step of the start was running."""
