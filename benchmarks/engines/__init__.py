"""Where studies run: worker processes of this machine, or a cluster."""
