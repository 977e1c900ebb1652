"""The local stack: the emulator with its gaps filled, a webhook receiver and a mailbox, on loopback only."""
