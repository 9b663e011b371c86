"""Lodestone measured beside the bare floor and its peers: see README.md. Never part of the test run or of the program."""
