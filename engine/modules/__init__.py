"""The modules: what a fill may know of a face, each a file; `registry` is their list."""
