"""One study: trial by trial, restored where it was stopped, on a simulated clock, measured again."""
