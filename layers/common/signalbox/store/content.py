"""What is too large for a table, in the bucket of content: long HTML, attachments, work lists.

Object  <account>/content/<SHA-256>      bytes, never changed: the name is made of them
Access  write; read; how large
Writing the same again is no change, and two campaigns with one file share it.
"""

import hashlib

from signalbox import aws
from signalbox.environment import environment
from signalbox.model.errors import NotFoundError

GONE = "NoSuchKey"


def put(account_id: str, data: bytes, *, media_type: str = "application/json") -> str:
    """Keep the bytes and return the name under which `fetch` finds them."""
    name = hashlib.sha256(data).hexdigest()
    aws.call(
        "s3",
        "PutObject",
        Bucket=environment().content_bucket,
        Key=key(account_id, name),
        Body=data,
        ContentType=media_type,
    )
    return name


def fetch(account_id: str, name: str) -> bytes:
    """Return the bytes of this name; raise `NotFoundError` where there are none."""
    try:
        return aws.body(
            "s3",
            "GetObject",
            Bucket=environment().content_bucket,
            Key=key(account_id, name),
        )
    except aws.AwsError as error:
        if error.code != GONE:
            raise
        raise NotFoundError("content", name) from error


def size(account_id: str, name: str) -> int:
    """Return how many bytes have this name; raise `NotFoundError` where there are none."""
    try:
        found = aws.call(
            "s3", "HeadObject", Bucket=environment().content_bucket, Key=key(account_id, name)
        )
    except aws.AwsError as error:
        if error.status != 404:  # noqa: PLR2004 a HEAD has no body, and so no code
            raise
        raise NotFoundError("content", name) from error
    return int(found["ContentLength"])


def key(account_id: str, name: str) -> str:
    """Return where the bytes of this name stand; each account has its own."""
    return f"{account_id}/content/{name}"
