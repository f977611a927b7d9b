"""A deep-learning course that grades itself, and the toolkit that grades it."""

__version__ = "0.1.0"
