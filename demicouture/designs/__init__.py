"""Step 4: generated designs, their labels and their sheets."""
