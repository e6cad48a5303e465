"""The index's tables. Change anything here and raise `VERSION`: an index of another version is made anew."""

from __future__ import annotations

VERSION = 3

TABLES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    experiment TEXT NOT NULL,
    kind TEXT NOT NULL,
    status TEXT NOT NULL,
    started_at REAL NOT NULL,
    parent_run_id TEXT NOT NULL,
    notebook TEXT NOT NULL,
    name TEXT NOT NULL,
    duration_s REAL,
    journal_offset INTEGER NOT NULL,
    record BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX runs_by_time ON runs (started_at DESC, id DESC);
CREATE INDEX runs_by_experiment ON runs (experiment, started_at DESC, id DESC);
CREATE INDEX runs_by_parent ON runs (parent_run_id) WHERE parent_run_id != '';
CREATE TABLE metrics (
    run_id TEXT NOT NULL, key TEXT NOT NULL, last REAL, PRIMARY KEY (run_id, key)
) WITHOUT ROWID;
CREATE INDEX metrics_by_value ON metrics (key, last);
CREATE TABLE params (
    run_id TEXT NOT NULL, key TEXT NOT NULL, value NOT NULL, PRIMARY KEY (run_id, key)
) WITHOUT ROWID;
CREATE INDEX params_by_value ON params (key, value);
CREATE TABLE tags (
    run_id TEXT NOT NULL, key TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (run_id, key)
) WITHOUT ROWID;
CREATE INDEX tags_by_value ON tags (key, value);
CREATE TABLE snapshots (
    name TEXT NOT NULL, version INTEGER NOT NULL, digest TEXT NOT NULL, run_id TEXT NOT NULL,
    created_at REAL NOT NULL, record BLOB NOT NULL, PRIMARY KEY (name, version)
) WITHOUT ROWID;
CREATE INDEX snapshots_by_digest ON snapshots (digest);
CREATE TABLE segments (
    digest BLOB PRIMARY KEY, object TEXT NOT NULL, offset INTEGER NOT NULL, length INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE models (
    name TEXT NOT NULL, version INTEGER NOT NULL, run_id TEXT NOT NULL,
    created_at REAL NOT NULL, record BLOB NOT NULL, PRIMARY KEY (name, version)
) WITHOUT ROWID;
CREATE TABLE aliases (
    name TEXT NOT NULL, alias TEXT NOT NULL, version INTEGER NOT NULL, PRIMARY KEY (name, alias)
) WITHOUT ROWID;
CREATE TABLE removals (
    kind TEXT NOT NULL, name TEXT NOT NULL, version INTEGER NOT NULL,
    final INTEGER NOT NULL, removal BLOB NOT NULL, record BLOB, PRIMARY KEY (kind, name, version)
) WITHOUT ROWID;
"""
