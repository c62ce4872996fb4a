"""A package, so that its browser ends with it and not with the session."""
