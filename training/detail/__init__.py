"""The detail network's data, training, measure and export."""
