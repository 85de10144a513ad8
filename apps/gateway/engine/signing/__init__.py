"""Signatures: of calls by their consumers (RFC 9421), and of the gateway for backends."""
