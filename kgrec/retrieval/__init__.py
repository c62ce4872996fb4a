"""Search: words, meaning, knowledge and the person, fused into one list."""
