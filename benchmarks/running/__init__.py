"""From a command to finished studies: what is run, in which order, and how far it is."""
