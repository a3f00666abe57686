"""Our quotes against the costs that the programs of the sources compute from the same files."""
