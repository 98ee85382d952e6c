"""MediaPipe's face networks: how the model `faces` was made, and how much it finds."""
