"""Culling, trimming and labelling by eye, in a page that this computer serves to its own browser."""
