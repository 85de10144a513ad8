"""Backends of the demo marketplace: programs of their own, no Django."""
