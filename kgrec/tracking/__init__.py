"""Experiment tracking: a mirror of a run directory in Weights & Biases; offline unless asked otherwise."""

from kgrec.tracking.config import TrackingConfig
from kgrec.tracking.job import tracking
from kgrec.tracking.tracker import Tracker

__all__ = ["Tracker", "TrackingConfig", "tracking"]
