"""The reference implementations: one topic a file, each by another route than the model answer."""
