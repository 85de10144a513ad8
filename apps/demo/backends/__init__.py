"""Backends of the demo marketplace: programs of their own, standard library only, no Django."""
