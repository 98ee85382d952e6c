"""The network that sees what is worn (engine.worn): its pictures, its recipe, its figures."""
