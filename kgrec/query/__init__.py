"""What a person typed: normalised, tokenised, spelt, linked to the graph."""
