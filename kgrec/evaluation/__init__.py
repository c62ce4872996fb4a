"""Full ranking, metrics, slices, intervals and paired tests."""
