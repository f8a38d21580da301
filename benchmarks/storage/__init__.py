"""Studies in a database, written and read many trials at a time, by one process each."""
