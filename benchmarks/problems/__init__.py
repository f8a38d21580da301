"""The problems to compare on: how they are named, built and made harder."""
