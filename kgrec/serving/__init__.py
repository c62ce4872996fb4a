"""A run as a web service and a page."""
