"""The data plane: a parsed request in, a decision, a forwarded answer out. Knows no HTTP server and no ORM."""
