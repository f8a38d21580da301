"""What a part of the sampler is worth: tasks made for it, with it on, with it off, and peers."""
