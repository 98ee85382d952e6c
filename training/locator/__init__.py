"""The hole-aware face locator's data, training, measure and export."""
