"""Floor 0: plain data and pure decisions. No AWS, no HTTP, no environment, no clock."""
