"""How pages show vendors: with an icon, or with the first letters of the name."""
