"""Detail finer than the networks' crop: a small network that paints it in the mean shape."""
