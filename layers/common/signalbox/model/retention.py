"""How long things are kept where an account says nothing else."""

DAY_MS = 86_400_000
RETENTION_DAYS = 400
