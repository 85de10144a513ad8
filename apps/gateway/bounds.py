"""What any transport grants a client that it does not know yet."""

HEAD_BYTES_MAX = 64 * 1024
HEAD_SECONDS = 30.0
# What frames the chunks of a body (sizes, extensions, line ends, trailers): so much, and for each of its bytes so much.
FRAMING_BYTES_MAX = 64 * 1024
FRAMING_BYTES_PER_BYTE = 16
# An unread body up to this size is skipped; for a larger one the connection is closed behind the answer.
SKIPPED_BODY_MAX = 64 * 1024
# How much and how long such a client may still send, into nowhere, before its connection is closed under it:
# many clients read no answer before they have sent everything.
LINGER_BYTES = 32 * 1024 * 1024
LINGER_SECONDS = 5.0


class HeadTooLarge(Exception):
    """Raised inside the parser, which stops there."""
