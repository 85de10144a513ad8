"""A call that may pass: to the backend, back to the client, settled."""
