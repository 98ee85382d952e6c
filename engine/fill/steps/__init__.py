"""The steps of a fill, a file each; engine.fill.pipeline says in which order they run."""
