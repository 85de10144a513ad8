"""What can go wrong with an embedded server, said so that the reader can act."""


class EmbeddedServerError(RuntimeError):
    """A server cannot be found, prepared or started; the message names the variable that replaces it."""
