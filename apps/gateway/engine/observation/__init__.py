"""What is noticed of calls: health of backends, counts, recordings."""
