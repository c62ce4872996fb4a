"""Knowledge from a catalogue: facts from its columns and from what its titles mention."""
