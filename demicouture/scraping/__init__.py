"""Step 1: from queries to pictures on disk, each with where it came from."""
