"""What AWS asks for, in dollars: the one table of prices.

List prices of us-east-1 without free tiers, as they stood in November 2026. Look at the page beside
a price before relying on it.
"""

from typing import Final

AS_OF: Final = "2026-11"
REGION: Final = "us-east-1"
MILLION: Final = 1_000_000

# https://aws.amazon.com/api-gateway/pricing/ (HTTP APIs, up to 300 million requests a month)
HTTP_API_REQUEST: Final = 1.00 / MILLION

# https://aws.amazon.com/lambda/pricing/ (arm64)
LAMBDA_REQUEST: Final = 0.20 / MILLION
LAMBDA_GB_SECOND: Final = 0.0000133334

# https://aws.amazon.com/sqs/pricing/ (standard queues; each 64 KB is a request)
SQS_REQUEST: Final = 0.40 / MILLION

# https://aws.amazon.com/dynamodb/pricing/on-demand/ (standard table class)
WRITE_UNIT: Final = 0.625 / MILLION
READ_UNIT: Final = 0.125 / MILLION

# https://aws.amazon.com/cloudwatch/pricing/ (logs, collected)
LOG_GB: Final = 0.50

# https://aws.amazon.com/ses/pricing/ (outbound)
MAIL: Final = 100.0 / MILLION

# Not prices, but assumptions that billed durations rest on: milliseconds that a function waits for
# an answer, CPU milliseconds of a call of the lean client, and the memory that buys a whole processor
# (https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html).
WAIT_MS: Final = {
    "SendMessage": 6.0,
    "SendMessageBatch": 8.0,
    "BatchGetItem": 5.0,
    "BatchWriteItem": 8.0,
}
CALL_CPU_MS: Final = 0.1
PROCESSOR_MEGABYTES: Final = 1_769
