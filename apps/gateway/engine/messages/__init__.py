"""Requests and answers as HTTP: heads, bodies, problems."""
