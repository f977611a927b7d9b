"""References: every answer once more, by another route than the model answer's."""
