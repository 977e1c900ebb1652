"""Floor 1: the only code that knows DynamoDB. One file a noun; each opens with its items."""
