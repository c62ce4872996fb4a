"""Learning from events as they come: a durable log, a live model, a refresh in the background."""
