"""Logs, metrics and traces of the functions that are not hot, by Powertools.

One canonical line for each unit of work, with keys instead of sentences and no addresses in it.
"""

from aws_lambda_powertools import Logger, Metrics, Tracer

logger = Logger(service="signalbox", log_uncaught_exceptions=True)
metrics = Metrics(namespace="Signalbox", service="signalbox")
tracer = Tracer(service="signalbox")
