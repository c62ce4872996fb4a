"""Runs side by side: what differs, how good, how sure, how fast."""
