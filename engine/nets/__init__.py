"""What networks of several rooms are made of: layers, and their tensors in files."""
