"""One model a file; all behind ``Scorer``."""
