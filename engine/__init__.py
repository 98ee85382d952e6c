"""What the program knows: photos, masks, faces, the prior, the generator, the fill. No Qt here."""
