"""Whether a call may pass: the checks of its path, key, terms and network."""
