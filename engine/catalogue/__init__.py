"""The catalogue of models: what is installed, whether it is whole, and loading it."""
