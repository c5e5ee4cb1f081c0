"""Step 6: paths between designs, boards of pairs, and the lookbook."""
