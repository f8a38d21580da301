"""One study: trial by trial, restored where it stopped, on a simulated clock, remeasured."""
