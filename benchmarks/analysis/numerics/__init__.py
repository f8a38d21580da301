"""Pure statistics: arrays in, arrays and numbers out."""
