"""The hole-aware landmark network's training: samples, the loop, and what it is measured against."""
