"""Compare samplers over problems and seeds: ``python -m benchmarks list|run|report``."""
