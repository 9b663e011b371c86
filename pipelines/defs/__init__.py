"""Dagster only: names, dependencies, checks, schedules. Every step it wraps is a plain function that runs without it."""
