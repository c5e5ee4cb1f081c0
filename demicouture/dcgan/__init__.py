"""The two networks of the DCGAN, their layers, how they are saved, and how designs are rendered."""
