"""What the operator sees: the doctor, and the alerts."""
