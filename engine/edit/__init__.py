"""What the user made of a photo, as values: nothing here changes once it is made, nothing knows
of a window. See docs/adr/0001-edits-are-values.md."""
