"""The `signalbox` command: an account of a stack, from a terminal or a script."""
