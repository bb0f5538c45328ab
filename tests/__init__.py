"""Tests: one folder a package, one file a source file; simulation, integration and bench beside."""
