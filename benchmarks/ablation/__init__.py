"""What each ingredient of the sampler is worth."""
