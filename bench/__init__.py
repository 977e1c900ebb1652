"""Benchmarks: what Signalbox costs in time and money, beside what it is measured against.

`make bench` runs `python -m bench`, `make cost` runs `python -m bench.cost`.
"""
