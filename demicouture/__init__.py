"""Demicouture: garments between casual and collection wear, found in the latent space of a DCGAN."""

__version__ = "0.1.0"
