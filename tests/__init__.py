"""Tests. A package, so that its own modules can be shared."""

import os

# Set before anything is imported that would look for an AWS account, and find a real one.
FAKE = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_SESSION_TOKEN": "test",
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",
    "AWS_ACCOUNT_ID_ENDPOINT_MODE": "disabled",  # moto knows no host names with an account
    "AWS_LAMBDA_FUNCTION_NAME": "test",
    "POWERTOOLS_TRACE_DISABLED": "1",
    "POWERTOOLS_METRICS_NAMESPACE": "Signalbox",
    "POWERTOOLS_SERVICE_NAME": "test",
    "DISPATCH_THREADS": "1",
}
os.environ.update(FAKE)
