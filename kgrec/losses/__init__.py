"""Loss terms as pure functions of tensors, each with its equation and source."""
