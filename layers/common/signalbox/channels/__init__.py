"""Floor 1: the ways out to people and to other systems."""
