"""The samplers that take part: how they are named, built and probed."""
