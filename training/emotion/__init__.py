"""Training and measuring the networks that read expressions."""
