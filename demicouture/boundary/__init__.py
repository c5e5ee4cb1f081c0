"""Step 5: the hyperplane between the poles in latent space, and what it is worth."""
