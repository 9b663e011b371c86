"""Offices asked: what is due, one visit, and bytes over the wire."""
