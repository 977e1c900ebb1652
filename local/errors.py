"""What can go wrong with the local stack in a way that its user can mend."""


class StackError(Exception):
    """The stack cannot do what it was asked; the text is one sentence that says why and what to do."""
