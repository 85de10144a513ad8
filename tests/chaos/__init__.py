"""Kills in the middle of traffic, and the proof that nothing was lost or counted twice. `make chaos` runs many."""
