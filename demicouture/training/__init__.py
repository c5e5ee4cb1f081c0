"""Adversarial training: the model, its gradient step on each Keras backend, augmentation, checkpoints, callbacks."""
