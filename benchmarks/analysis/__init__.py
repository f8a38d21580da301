"""From stored studies to numbers: curves, regrets, tests, running times."""
