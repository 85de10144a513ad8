"""The `gateway` process (ASGI)."""
