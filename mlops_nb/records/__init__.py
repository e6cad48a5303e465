"""Frozen values and their one wire form.

Every fact that is written down is a value from this package: a line of a run's journal (`journal`), an
entry of the ledger (`ledger`), a snapshot's manifest (`data`), a registered model version (`models`), and
the run that folding a journal yields (`runs`, `fold`). `names` says which names are allowed, `wire` turns
values into bytes and back.

Floor 1. Does no I/O, knows no store, imports msgspec and nothing heavier. Everybody may import it.
"""
