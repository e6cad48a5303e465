"""Benchmarks: run by hand with `make bench`, never by the test run. Each prints a table for RESULTS.md."""
