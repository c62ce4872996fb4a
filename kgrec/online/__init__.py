"""Learning between trainings: a log of events, a model that follows it, and refreshes that may take over."""
