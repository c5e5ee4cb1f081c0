"""A garment in three dimensions: from one picture of its front to a mesh that can be turned, and its unknowns."""
