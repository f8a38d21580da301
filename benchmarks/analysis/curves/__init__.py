"""What each study had found after so many trials: curves, their files, regret and targets."""
