"""What a document may cost, and the error of all its readers."""

# In bytes, as given. The three together keep the worst document within a few seconds and 300 MB: see
# `bench/openapi_import.py`.
BYTES_MAX = 5_000_000
# Keys and values.
VALUES_MAX = 300_000
# As many as a product may have endpoints.
OPERATIONS_MAX = 10_000
DEPTH_MAX = 100


class Unreadable(Exception):
    """A document that is refused; the message is for the person who gave it."""
