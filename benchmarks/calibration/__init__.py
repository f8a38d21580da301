"""How often outcomes fall into the sampler's predicted intervals."""
