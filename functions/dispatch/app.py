"""Dispatch: perform the actions that are due.

    actions queue -> claim -> may we? -> perform -> write the outcome (-> schedule another try)

The records of a batch are worked at side by side, so that one dead endpoint holds up nobody.
"""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.batch import (
    AsyncBatchProcessor,
    EventType,
    async_process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from signalbox.environment import environment
from signalbox.model.dispatch import DispatchRecord
from signalbox.observability import logger, metrics, tracer
from signalbox.queues import ACTIONS

from .perform import perform

processor = AsyncBatchProcessor(event_type=EventType.SQS, raise_on_entire_batch_failure=False)


async def dispatch_record(record: SQSRecord) -> None:
    """Perform the dispatch that one queue record carries, in a thread of its own."""
    settled = await asyncio.to_thread(perform, ACTIONS.read(record.body))
    if settled is not None:
        _report(settled)


def _report(record: DispatchRecord) -> None:
    metrics.add_metric(f"Actions{record.outcome.title()}", MetricUnit.Count, 1)
    logger.info(
        "dispatched",
        dispatch_id=record.dispatch.dispatch_id,
        account_id=record.dispatch.account_id,
        rule_id=record.dispatch.rule_id,
        attempt=record.dispatch.attempt,
        kind=record.kind,
        outcome=record.outcome,
        response_status=record.response_status,
    )


@tracer.capture_lambda_handler(capture_response=False)
@logger.inject_lambda_context
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Work through one batch; the records that fail go back to the queue."""
    metrics.add_metric("ActionsReceived", MetricUnit.Count, len(event["Records"]))
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        loop.set_default_executor(ThreadPoolExecutor(environment().dispatch_threads))
        asyncio.set_event_loop(loop)
        return async_process_partial_response(
            event=event, record_handler=dispatch_record, processor=processor, context=context
        )
