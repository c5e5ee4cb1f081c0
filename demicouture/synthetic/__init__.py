"""Drawn garments and runway outfits: pictures for trying everything without a network."""
