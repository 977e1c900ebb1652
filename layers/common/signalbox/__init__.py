"""Signalbox: what its Lambda functions share.

`model` decides, `store` keeps, `queues` carry, `channels` reach out; functions join them.
"""
