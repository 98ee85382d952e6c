"""The hole-aware landmark network: samples, the training loop, and what it is measured against."""
